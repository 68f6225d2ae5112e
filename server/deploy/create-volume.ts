import type { Paas } from '../paas.ts'
import type { Volume } from '../state/storage.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { inVolume, volumeDirectory } from './in-volume.ts'
import { volumeLabels } from './mounts.ts'

/**
 * Makes an empty volume of the app, in which whoever the app runs as may write. Throws `UserError` where there is one
 * of this name.
 */
export async function createVolume(
  paas: Paas,
  request: Omit<DeployRequest, 'kind'> & { readonly name: string },
): Promise<Volume> {
  return runDeploy(paas, { ...request, kind: 'storage' }, async (deploy) => {
    const { app, signal } = deploy
    const volume = paas.store.storage.draft(app.id, request.name)
    deploy.onUndo(() => paas.engine.volumes.remove(volume.dockerName))
    await paas.engine.volumes.create({ name: volume.dockerName, labels: volumeLabels(paas, app, volume) })
    // The image may still say whose the folder is.
    await inVolume(paas, app, volume, { command: ['chmod', '1777', volumeDirectory], signal })
    await deploy.switch(() => paas.store.storage.add(volume))
    return volume
  })
}
