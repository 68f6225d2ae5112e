import { placeOf } from '../checks/subject.ts'
import type { Happening } from '../events/events.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'

/** Says in the events and in the server's log what became of a container: `what` follows its name. */
export function tellOfProcess(
  paas: Paas,
  container: Container,
  happened: { readonly type: string; readonly what: string; readonly facts?: Happening['facts'] },
): void {
  if (!paas.store.apps.exists(container.appId)) return
  const { id, name } = paas.store.apps.byId(container.appId)
  const place = { process: placeOf(container), release: `v${container.version}` }
  const message = `${name} ${place.process} (${place.release}) ${happened.what}`
  paas.log(message)
  const facts = { ...place, ...happened.facts }
  paas.events.record({ type: happened.type, app: { id, name }, who: 'paas', message, facts })
}
