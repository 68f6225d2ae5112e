import { mayUse } from './access.ts'
import type { Paas } from './paas.ts'
import type { App } from './state/apps.ts'
import { hostOf } from './state/domains.ts'
import type { User } from './state/people.ts'

type Parts = Pick<Paas, 'store' | 'settings'>

/** The app that has `host` as a domain, or has it as its name. */
export function holderOf({ store, settings }: Parts, host: string): App | undefined {
  const owner = store.domains.ownerOf(host)
  if (owner !== undefined) return store.apps.byId(owner)
  const suffix = `.${settings.domain}`
  return host.endsWith(suffix) ? store.apps.find(host.slice(0, -suffix.length)) : undefined
}

/**
 * Whether `user` may give `domain` to `app` as far as other apps are concerned. A host is one app's; paths of it may be
 * others' where this person develops all of them: who could take a path of it could speak for it.
 */
export function mayClaim(parts: Parts, claim: { domain: string; app: App | undefined; user: User }): boolean {
  const { domain, app, user } = claim
  const { store, settings } = parts
  const host = hostOf(domain)
  if (host === settings.domain) return false
  const isOther = (other: App | undefined): other is App => other !== undefined && other.id !== app?.id
  const mayDevelop = (other: App | undefined): boolean =>
    !isOther(other) || mayUse(store, user, 'develop', other)
  const owner = store.domains.ownerOf(domain)
  if (owner !== undefined) return owner === app?.id
  const holder = holderOf(parts, host)
  const withPaths = store.domains.withPathOf(host).map((id) => store.apps.byId(id))
  if (domain === host) return !isOther(holder) && withPaths.every(mayDevelop)
  const above = holder ?? wildcardHolderOf(parts, host)
  return above ? mayDevelop(above) : withPaths.every(mayDevelop)
}

/**
 * The app that has `domain`, where `user` may know it: who develops that app, or the one whose domain it is a path of,
 * since there it speaks for him.
 */
export function knownHolderOf(parts: Parts, domain: string, user: User): App | undefined {
  const { store } = parts
  const owner = store.domains.ownerOf(domain)
  if (owner === undefined) return undefined
  const app = store.apps.byId(owner)
  const host = hostOf(domain)
  const above = domain === host ? undefined : (holderOf(parts, host) ?? wildcardHolderOf(parts, host))
  return [app, above].some((each) => each && mayUse(store, user, 'develop', each)) ? app : undefined
}

function wildcardHolderOf(parts: Parts, host: string): App | undefined {
  const labels = host.replace(/^\*\./, '').split('.')
  return labels
    .slice(1)
    .map((_, index) => holderOf(parts, `*.${labels.slice(index + 1).join('.')}`))
    .find((app) => app !== undefined)
}
