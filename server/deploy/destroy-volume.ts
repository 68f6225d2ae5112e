import { ConflictError } from '../docker/engine-errors.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Volume } from '../state/storage.ts'
import { mountText } from '../storage/find-volume.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { sourceName } from './mounts.ts'

/** Removes a volume with its files. Throws `UserError` where containers have it, or get it when they are next started. */
export async function destroyVolume(
  paas: Paas,
  request: Omit<DeployRequest, 'kind'> & { readonly volume: Volume },
): Promise<void> {
  await runDeploy(paas, { ...request, kind: 'storage' }, async (deploy) => {
    const { app } = deploy
    // Somebody may have restored, mounted or destroyed it while this one waited for the app.
    const volume = paas.store.storage.find(app.id, request.volume.name)
    if (!volume) return
    assertUnmounted(paas, app, volume)
    try {
      await paas.engine.volumes.remove(volume.dockerName)
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      throw new UserError('A container that is being stopped still has it', {
        next: `In a minute again: storage:destroy ${app.name} ${volume.name}`,
        cause: error,
      })
    }
    await deploy.switch(() => paas.store.storage.delete(volume.id))
  })
}

/** Throws `UserError` where containers of the app see it. */
export function assertUnmounted(paas: Paas, app: App, volume: Volume): void {
  const mount = paas.store.storage.mountsOf(app.id).find((each) => sourceName(each) === volume.name)
  if (!mount) return
  throw new UserError(`It is mounted: ${mountText(mount)}`, {
    next: `First: storage:unmount ${app.name} ${volume.name}`,
  })
}
