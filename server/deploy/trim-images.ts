import { ConflictError, NotFoundError } from '../docker/engine-errors.ts'
import type { ImageSummary, Layer } from '../docker/images.ts'
import { describe, NoSuchAppError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { holdForCleanUp } from './hold-for-clean-up.ts'
import { previousRelease } from './previous-release.ts'
import { retentionOf } from './retention-of.ts'

/**
 * Removes the images of the app's releases that are no longer kept, behind the deploy that made them too many. What is
 * in the way (a container of one still drains) goes after the next one, or with the next start of the server.
 */
export function trimImagesInBackground(paas: Paas, appId: string): void {
  trim(paas, appId).catch((error: unknown) => {
    if (!paas.closing.aborted && !(error instanceof NoSuchAppError))
      paas.log(`Images of ${appId} could not be removed: ${describe(error)}`)
  })
}

async function trim(paas: Paas, appId: string): Promise<void> {
  await forgetSurplus(paas, appId)
  for (const image of await forgottenImages(paas, { 'paas.app-id': appId }))
    await removeUnlessUsed(paas, image.id)
}

/** No release of the app speaks any more of the images beyond what it keeps. */
export async function forgetSurplus(paas: Paas, appId: string): Promise<void> {
  const layers = await layersOf(paas, paas.store.releases.imagesOf(appId))
  // A rollback to one of them may be under way.
  using _lock = await holdForCleanUp(paas, appId)
  paas.store.releases.forgetImages(appId, surplusImages(paas, paas.store.apps.byId(appId), layers))
}

/** The layers of each image, those that Docker does not have apart. */
export async function layersOf(
  paas: Paas,
  images: readonly string[],
): Promise<ReadonlyMap<string, readonly Layer[]>> {
  const found = await Promise.all(
    images.map(async (image) => {
      try {
        return [[image, await paas.engine.images.layers(image)] as const]
      } catch (error) {
        if (error instanceof NotFoundError) return []
        throw error
      }
    }),
  )
  return new Map(found.flat())
}

/** The bytes that these images take together: a layer that several have counts once. */
export const bytesOf = (images: Iterable<readonly Layer[]>): number =>
  [...new Map([...images].flat().map(({ key, sizeBytes }) => [key, sizeBytes])).values()].reduce(
    (sum, sizeBytes) => sum + sizeBytes,
    0,
  )

/**
 * The app's images beyond what it keeps: in number, and then in bytes. Never the one that serves, nor the one that it
 * replaced, nor the one that a rollback would bring back. An image whose layers are not known counts nothing.
 */
export function surplusImages(
  paas: Pick<Paas, 'store' | 'settings'>,
  app: App,
  layers: ReadonlyMap<string, readonly Layer[]>,
): readonly string[] {
  const needed = neededImages(paas, app)
  const images = paas.store.releases.imagesOf(app.id)
  const others = images.filter((image) => !needed.has(image))
  const kept = [...needed]
  const { keep, budgetBytes } = retentionOf(paas.settings, app.retention)
  for (const image of others) {
    const bytes = bytesOf([...kept, image].map((each) => layers.get(each) ?? []))
    if (kept.length >= keep || bytes > budgetBytes) break
    kept.push(image)
  }
  return others.filter((image) => !kept.includes(image))
}

function neededImages(paas: Pick<Paas, 'store'>, app: App): ReadonlySet<string> {
  const [newest, before] = paas.store.releases.list(app.id, 2)
  const needed = [newest, before, previousRelease(paas, app)]
  return new Set(needed.flatMap((release) => (release && !release.imageGone ? [release.image] : [])))
}

/** Images of ours with `labels` on which no release stands, and that no build under way has made. */
export async function forgottenImages(
  paas: Paas,
  labels: Readonly<Record<string, string>> = {},
): Promise<readonly ImageSummary[]> {
  const images = await paas.engine.images.list({
    labels: { 'paas.instance': paas.store.instanceId, ...labels },
  })
  const released = paas.store.releases.images()
  const open = new Set(paas.store.journal.open().map((job) => String(job.id)))
  return images.filter(({ id, labels: { 'paas.deploy': job } }) => {
    return job !== undefined && !released.has(id) && !open.has(job)
  })
}

/** False where a container still stands on it. */
export async function removeUnlessUsed(paas: Paas, image: string): Promise<boolean> {
  try {
    await paas.engine.images.remove(image)
    return true
  } catch (error) {
    if (error instanceof ConflictError) return false
    throw error
  }
}
