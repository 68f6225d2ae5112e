import type { Paas } from '../paas.ts'

/** Removes what a deploy has built, unless a release stands on it. */
export async function discardImages(paas: Paas, deployId: number): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId, 'paas.deploy': String(deployId) }
  const released = paas.store.releases.images()
  for (const image of await paas.engine.images.list({ labels })) {
    if (!released.has(image.id)) await paas.engine.images.remove(image.id)
  }
}
