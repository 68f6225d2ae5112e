import { actsForPerson, maySee } from '../access.ts'
import type { Call } from '../command.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Service } from '../state/services.ts'

/** The services of a kind that exist for this person: his own; all for an admin of the server; none for a token that is held to less than he has. */
export function visibleServices({ paas, user }: Call, kind: string): readonly Service[] {
  return paas.store.services
    .list(kind)
    .filter((service) => service.state === 'ready')
    .filter((service) => user.role === 'admin' || (actsForPerson(user) && service.ownerId === user.id))
}

/** The service that a person owns and names. Another's does not exist: the same words. */
export function ownedService(call: Call, kind: string, name: string): Service {
  const service = visibleServices(call, kind).find((each) => each.name === name)
  if (service) return service
  throw noSuchService(call, kind, name)
}

/** A service that the call's app is linked to, whoever owns it, or one that the person owns. */
export function linkedService(call: Call, kind: string, name: string): Service {
  const linked = linkedServices(call.paas, call.app)
  return linked.find((each) => each.kind === kind && each.name === name) ?? ownedService(call, kind, name)
}

/** What an app is linked to, in the order in which it was. */
export function linkedServices({ store }: Paas, app: App): readonly Service[] {
  return store.links
    .of(app.id)
    .filter((link) => link.state === 'ready')
    .flatMap((link) => store.services.byId(link.serviceId) ?? [])
}

/** Names of the apps that are linked to a service; those that the person may not see are counted alone. */
export function linkedApps({ paas, user }: Call, service: Service): readonly string[] {
  const apps = paas.store.links
    .to(service.id)
    .filter((link) => link.state === 'ready' && paas.store.apps.exists(link.appId))
    .map((link) => paas.store.apps.byId(link.appId))
  const seen = apps.filter((app) => maySee(paas.store, user, app)).map((app) => app.name)
  return seen.length === apps.length ? seen : [...seen, `${apps.length - seen.length} of others`]
}

function noSuchService({ paas }: Call, kind: string, name: string): UserError {
  return new UserError(`There is no ${paas.provisioning.kind(kind).title} "${name.slice(0, 60)}"`, {
    next: `List yours: ${kind}:list`,
  })
}
