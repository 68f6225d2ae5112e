import type { Paas } from '../paas.ts'
import type { AppLink } from '../state/app-links.ts'
import { linkNetworkName } from './link-network.ts'

/** Removes a link with its network, whoever is still in it. Safe to repeat; the row goes last. */
export async function removeLink(paas: Paas, link: AppLink): Promise<void> {
  const { containers, networks } = paas.engine
  const name = linkNetworkName(link.id)
  // A container that has ended would not start any more where Docker remembers a network that is gone.
  for (const appId of [link.appId, link.targetId]) {
    const labels = { 'paas.instance': paas.store.instanceId, 'paas.app-id': appId }
    for (const container of await containers.list({ labels, all: true })) {
      if (container.sandboxId === undefined) await networks.leave(name, container.id)
    }
  }
  await networks.remove(name)
  paas.store.appLinks.delete(link.id)
  await paas.walls.raise()
}

/** Removes the links from an app that were taken from it and that none of its containers needs any more. */
export async function removeLinksUnused(paas: Paas, appId: string): Promise<void> {
  for (const link of paas.store.appLinks.of(appId))
    if (link.state === 'removing' && !isNeeded(paas, link)) await removeLink(paas, link)
}

/** Removes the links from an app that were being made when their job ended; to be called under the app's lock. */
export async function removeHalfLinks(paas: Paas, appId: string): Promise<void> {
  for (const link of paas.store.appLinks.of(appId))
    if (link.state === 'creating') await removeLink(paas, link)
}

/** The release that serves names it, or a container of one that does still runs. */
function isNeeded({ store }: Paas, link: AppLink): boolean {
  if (!store.apps.exists(link.appId)) return false
  const { id, release } = store.apps.byId(link.appId)
  const versions = new Set(store.containers.of(id).map(({ version }) => version))
  if (release !== null) versions.add(release)
  return [...versions].some((version) =>
    store.releases.find(id, version)?.appLinks.some((named) => named.id === link.id),
  )
}
