import { removeRepository } from '../git/remove-repository.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { networkName } from './network.ts'
import { removeLink } from './remove-links.ts'
import { repositoryOf } from './repository.ts'
import { removeContainers } from './start.ts'

/** What is left to do once an app is marked as going: routes first, so that no request meets what comes to its place. Safe to repeat. */
export async function finishDestroy(paas: Paas, app: App): Promise<void> {
  await paas.routes.publish(app.id)
  await paas.sandboxes.dropOf(app.id)
  await removeContainers(paas, paas.store.containers.of(app.id))
  const labels = { 'paas.instance': paas.store.instanceId, 'paas.app-id': app.id }
  for (const container of await paas.engine.containers.list({ labels, all: true })) {
    await paas.engine.containers.remove(container.name, { force: true })
  }
  for (const link of [...paas.store.appLinks.of(app.id), ...paas.store.appLinks.to(app.id)])
    await removeLink(paas, link)
  await paas.engine.networks.remove(networkName(app.id))
  for (const image of await paas.engine.images.list({ labels })) await paas.engine.images.remove(image.id)
  for (const volume of await paas.engine.volumes.list({ labels }))
    await paas.engine.volumes.remove(volume.name)
  await removeRepository(repositoryOf(paas, app))
  for (const link of paas.store.links.of(app.id)) paas.provisioning.release(link)
  paas.configFiles.removeOf(app.id)
  paas.appLogs.removeOf(app.id)
  paas.outputs.removeOf(app.id)
  paas.cronOutputs.removeOf(app.id)
  paas.store.transaction(() => {
    paas.store.apps.delete(app.id)
    paas.store.journal.forgetApp(app.id)
  })
  paas.certificateFiles.prune()
  paas.provisioning.settle()
}
