import { mayUse } from './access.ts'
import type { Call } from './command.ts'
import { runDeploy } from './deploy/deploy.ts'
import { nameDifference, namesInWords } from './deploy/release-difference.ts'
import { knownHolderOf, mayClaim } from './domain-holders.ts'
import { NotAllowedError, UserError } from './errors.ts'
import type { Paas } from './paas.ts'
import { appHosts } from './routing.ts'
import { type App, parseAppName } from './state/apps.ts'
import { parseAppDomain } from './state/domains.ts'
import type { User } from './state/people.ts'

/**
 * Throws unless this person may give the app `word` as a domain; of one that is taken it is said by which app to those
 * alone who may know that.
 */
export function claimableDomain(
  { paas, app, user }: Pick<Call, 'paas' | 'app' | 'user'>,
  word: string,
): string {
  const domain = parseAppDomain(word)
  if (domain.startsWith('*.') && user.role !== 'admin') {
    throw new NotAllowedError('Only admins of the server may give a wildcard domain', {
      next: 'Ask an admin',
    })
  }
  if (!mayClaim(paas, { domain, app, user })) throw taken({ paas, user }, domain)
  return domain
}

/**
 * Throws `UserError` where `name` names an app or cannot, or where its domain belongs to another app than `app`, or
 * a path of it to one that `user` does not develop.
 */
export function assertNameFree(
  paas: Pick<Paas, 'store' | 'settings'>,
  name: string,
  { user, app }: { readonly user: User; readonly app?: App },
): void {
  const named = paas.store.apps.find(parseAppName(name))
  if (named?.destroying)
    throw new UserError(`The name "${name}" is taken until its app is wholly removed`, {
      next: 'Try again in a moment, or choose another name',
    })
  if (named || !mayClaim(paas, { domain: `${name}.${paas.settings.domain}`, app, user }))
    throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
}

/** Gives `hosts` to the app, those that it has already apart; part of the switch's transaction. */
export function addDomains(
  { paas, app, user }: Pick<Call, 'paas' | 'app' | 'user'>,
  hosts: readonly string[],
): void {
  for (const host of hosts) {
    if (appHosts(paas, paas.store.apps.byId(app.id)).includes(host)) continue
    // Another app may have taken it while this one waited for its lock.
    if (!mayClaim(paas, { domain: host, app, user })) throw taken({ paas, user }, host)
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

/** Who may know which app has it learns what to do, or whom to ask. */
function taken({ paas, user }: Pick<Call, 'paas' | 'user'>, domain: string): UserError {
  const holder = knownHolderOf(paas, domain, user)
  if (!holder) return new UserError(`The domain ${domain} is taken`, { next: 'Choose another one' })
  const removal = `domains:remove ${holder.name} ${domain}`
  const message = `The domain ${domain} is taken by ${holder.name}`
  if (mayUse(paas.store, user, 'develop', holder)) return new UserError(message, { next: removal })
  const roles = paas.store.people.rolesOn(holder.id)
  const admins = roles.filter(({ role }) => role === 'admin').map((each) => each.user)
  const asked = [...admins, 'an admin of the server'].join(' or ')
  return new UserError(message, { next: `Ask ${asked} for: ${removal}` })
}
