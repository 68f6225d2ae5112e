import type { MountSpec } from '../docker/container-spec.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Mount, Volume } from '../state/storage.ts'

/** What of `mounts` (default: the app's) a container of this process type gets; `run` stands for one-offs. */
export function mountsFor(
  paas: Paas,
  app: App,
  process: string,
  mounts: readonly Mount[] = paas.store.storage.mountsOf(app.id),
): readonly MountSpec[] {
  return mounts
    .filter((mount) => mount.process === null || mount.process === process)
    .map(({ source, directory }) =>
      'hostPath' in source
        ? { hostPath: source.hostPath, directory }
        : { volume: source.volume.dockerName, labels: volumeLabels(paas, app, source.volume), directory },
    )
}

/** What Docker knows of a volume of ours. */
export const volumeLabels = (paas: Paas, app: App, volume: Pick<Volume, 'name'>): Record<string, string> => ({
  'paas.instance': paas.store.instanceId,
  'paas.app': app.name,
  'paas.app-id': app.id,
  'paas.volume': volume.name,
})

/** As people name it: the volume's name, or the host's path. */
export const sourceName = ({ source }: Pick<Mount, 'source'>): string =>
  'hostPath' in source ? source.hostPath : source.volume.name
