import { sizeText } from '../command-line/size.ts'
import { UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { fullDisk } from './free-space.ts'

/**
 * Throws `UnavailableError` where a disk has less free than PAAS_DISK_FLOOR: to be asked before anything is built or
 * received, so that what runs, the state and the databases never meet a full disk.
 */
export async function assertRoom(paas: Pick<Paas, 'settings' | 'engine'>): Promise<void> {
  const full = await fullDisk(paas)
  if (!full) return
  const { what, path, freeBytes } = full
  throw new UnavailableError(
    `The disk is nearly full: ${sizeText(freeBytes)} free for ${what} (${path}), and the floor is ${sizeText(paas.settings.diskFloorBytes)}`,
    {
      next: 'What uses it: disk. What can go: cleanup --plan, then cleanup. Both are for admins of the server',
    },
  )
}
