import type { Call } from '../command.ts'
import { sourceName } from '../deploy/mounts.ts'
import { UserError } from '../errors.ts'
import type { Mount, Volume } from '../state/storage.ts'

/** The app's volume of this name. Throws `UserError`. */
export function findVolume({ paas, app }: Call, name: string): Volume {
  const volume = paas.store.storage.find(app.id, name)
  if (volume) return volume
  const known = paas.store.storage.volumesOf(app.id).map((each) => each.name)
  throw new UserError(`${app.name} has no volume "${name.slice(0, 60)}"`, {
    next: known.length === 0 ? `Make it: storage:create ${app.name} NAME` : `It has: ${known.join(', ')}`,
  })
}

/** `uploads at /var/www/uploads (web)` */
export const mountText = (mount: Mount): string =>
  `${sourceName(mount)} at ${mount.directory}${mount.process === null ? '' : ` (${mount.process})`}`
