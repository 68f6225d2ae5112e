import type { Call } from './command.ts'
import { runDeploy } from './deploy/deploy.ts'
import { nameDifference, namesInWords } from './deploy/release-difference.ts'
import { NotAllowedError, UserError } from './errors.ts'
import type { Paas } from './paas.ts'
import { appHosts } from './routing.ts'
import { type App, parseAppName } from './state/apps.ts'
import { parseDomain } from './state/domains.ts'

/** Throws unless the app may have `word` as a domain; a domain of ours or of another app says only that it is taken. */
export function claimableDomain(
  { paas, app, user }: Pick<Call, 'paas' | 'app' | 'user'>,
  word: string,
): string {
  const host = parseDomain(word)
  if (host.startsWith('*.') && user.role !== 'admin') {
    throw new NotAllowedError('Only admins of the server may give a wildcard domain', {
      next: 'Ask an admin',
    })
  }
  const owner = paas.store.domains.ownerOf(host)
  const suffix = `.${paas.settings.domain}`
  const named = host.endsWith(suffix) ? paas.store.apps.find(host.slice(0, -suffix.length)) : undefined
  const others = (owner !== undefined && owner !== app.id) || (named !== undefined && named.id !== app.id)
  if (others || host === paas.settings.domain) throw taken(host)
  return host
}

/** Throws `UserError` where `name` names an app or cannot, or where its domain belongs to another app than `app`. */
export function assertNameFree(paas: Pick<Paas, 'store' | 'settings'>, name: string, app?: App): void {
  const owner = paas.store.domains.ownerOf(`${name}.${paas.settings.domain}`)
  const named = paas.store.apps.find(parseAppName(name))
  if (named?.destroying)
    throw new UserError(`The name "${name}" is taken until its app is wholly removed`, {
      next: 'Try again in a moment, or choose another name',
    })
  if (named || (owner !== undefined && owner !== app?.id))
    throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
}

/** Gives `hosts` to the app, those that it has already apart; part of the switch's transaction. */
export function addDomains({ paas, app }: Pick<Call, 'paas' | 'app'>, hosts: readonly string[]): void {
  for (const host of hosts) {
    if (appHosts(paas, paas.store.apps.byId(app.id)).includes(host)) continue
    // Another app may have taken it while this one waited for its lock.
    if (paas.store.domains.ownerOf(host) !== undefined) throw taken(host)
    paas.store.domains.add(app.id, host)
  }
}

/** What of the app's domains changes where it has `hosts` afterwards. */
export function planDomains({ paas, app, planned }: Call, hosts: readonly string[]): void {
  const asFacts = (names: readonly string[]): Readonly<Record<string, true>> =>
    Object.fromEntries(names.map((name) => [name, true]))
  planned(() => [namesInWords('domains', nameDifference(asFacts(appHosts(paas, app)), asFacts(hosts)))])
}

/** Changes the domains in one switch and returns when every router knows them. */
export async function changeDomains(call: Call, change: () => void, done: string): Promise<void> {
  const { paas, app, out } = call
  await runDeploy(paas, { ...call.job, kind: 'domains' }, async (deploy) => {
    await paas.routes.assertReady()
    await deploy.switch(change)
    await deploy.finish('Routes could not be updated', () => paas.routes.publish(app.id))
  })
  const hosts = appHosts(paas, paas.store.apps.byId(app.id))
  paas.events.record({
    type: 'domains-changed',
    app,
    who: call.user.name,
    message: `${app.name} answers at ${hosts.join(', ')}`,
    facts: { domains: hosts.join(' ') },
  })
  out.result({ app: app.name, domains: hosts }, () => {
    out.step(done)
    for (const host of hosts) out.detail(host)
  })
}

const taken = (host: string): UserError =>
  new UserError(`The domain ${host} is taken`, { next: 'Choose another one' })
