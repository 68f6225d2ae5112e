import { pipeline } from 'node:stream/promises'
import type { Call } from '../command.ts'
import { UserError } from '../errors.ts'
import { newDockerName, type Volume } from '../state/storage.ts'
import { ArchiveEnd } from '../storage/archive-end.ts'
import { changeMounts } from './change-mounts.ts'
import { inVolume, volumeDirectory } from './in-volume.ts'
import { volumeLabels } from './mounts.ts'

/**
 * Unpacks the tar archive on stdin beside the volume's files, and swaps it in once all of it is there: what breaks off
 * changes nothing. The files of before stay as a volume that nothing names any more.
 */
export async function restoreVolume(call: Call, volume: Volume): Promise<void> {
  const { paas, app } = call
  const fresh = { ...volume, dockerName: newDockerName(app.id) }
  const labels = volumeLabels(paas, app, volume)
  await paas.engine.volumes.create({ name: fresh.dockerName, labels })
  try {
    await unpack(call, volume, fresh)
    await changeMounts(paas, {
      ...call.job,
      restart: true,
      change: (mounts) =>
        mounts.map((mount) =>
          'volume' in mount.source && mount.source.volume.id === volume.id
            ? { ...mount, source: { volume: fresh } }
            : mount,
        ),
      record: () => paas.store.storage.setDockerName(volume.id, fresh.dockerName),
    })
  } catch (error) {
    if (!paas.store.storage.dockerNames().has(fresh.dockerName))
      await paas.engine.volumes.remove(fresh.dockerName)
    throw error
  }
}

async function unpack(call: Call, volume: Volume, fresh: Volume): Promise<void> {
  const { paas, app, stdin, signal } = call
  const command = ['tar', '-x', '-p', '-f', '-', '-C', volumeDirectory]
  const archive = new ArchiveEnd()
  pipeline(stdin, archive).catch(() => {})
  try {
    await inVolume(paas, app, fresh, { command, stdin: archive, signal })
    if (!archive.isWhole) throw new UserError('its end is missing')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`The archive could not be unpacked, and nothing was changed: ${error.message}`, {
      next: `It is to be a whole tar archive, not compressed: storage:restore ${app.name} ${volume.name} < FILE.tar`,
      cause: error,
    })
  }
}
