import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesOf,
  forgetSurplus,
  forgottenImages,
  layersOf,
  removeUnlessUsed,
  surplusImages,
} from '../deploy/trim-images.ts'
import { ConflictError } from '../docker/engine-errors.ts'
import { removeRepository } from '../git/remove-repository.ts'
import type { Paas } from '../paas.ts'
import { folderSize } from './folder-size.ts'

/** Something of ours that nothing needs any more. */
export type LeftOver = {
  /** As a person reads it: `2 images of blog` */
  readonly what: string
  readonly bytes: number
  /** False where something still stands in its way. */
  readonly remove: () => Promise<boolean>
}

/**
 * What carries our instance's label or lies in its folder, and no rollback, app or running build needs: images of
 * releases that are no longer kept, volumes whose files a restore has replaced, and files of apps that are gone.
 */
export async function leftOvers(paas: Paas): Promise<readonly LeftOver[]> {
  const found = [
    ...(await imagesNoLongerKept(paas)),
    ...(await volumesOfNobody(paas)),
    ...(await filesOfNobody(paas)),
  ]
  return found.sort((one, other) => other.bytes - one.bytes)
}

/** The build cache, for those who ask for it: it is the whole engine's, and builds without it take longer. */
export async function buildCache(paas: Paas): Promise<LeftOver> {
  const { buildCacheBytes } = await paas.engine.disk.use()
  return {
    what: "Docker's build cache: the next builds take longer",
    bytes: buildCacheBytes,
    remove: async () => {
      await paas.engine.disk.pruneBuildCache({ keepBytes: 0, unusedForMs: 0 })
      return true
    },
  }
}

async function imagesNoLongerKept(paas: Paas): Promise<readonly LeftOver[]> {
  const forgotten = (await forgottenImages(paas)).map(({ id, labels }) => ({
    id,
    appId: labels['paas.app-id'] ?? '',
    app: labels['paas.app'] ?? 'an app that is gone',
  }))
  const kept = await layersOf(paas, [...paas.store.releases.images()])
  const surplus = paas.store.apps
    .list()
    .flatMap((app) => surplusImages(paas, app, kept).map((id) => ({ id, appId: app.id, app: app.name })))
  const going = [...forgotten, ...surplus]
  const layers = new Map([
    ...kept,
    ...(await layersOf(
      paas,
      going.map(({ id }) => id),
    )),
  ])
  const staying = [...layers.keys()].filter((id) => !going.some((image) => image.id === id))
  const layersFor = (ids: readonly string[]) => ids.map((id) => layers.get(id) ?? [])
  return [...Map.groupBy(going, ({ appId }) => appId)].map(([appId, images]) => {
    const ids = images.map(({ id }) => id)
    return {
      what: `${ids.length} ${ids.length === 1 ? 'image' : 'images'} of ${images[0]?.app}`,
      bytes: bytesOf(layersFor([...staying, ...ids])) - bytesOf(layersFor(staying)),
      remove: () => removeImages(paas, appId, ids),
    }
  })
}

/** What a rollback meanwhile has made current stays. */
async function removeImages(paas: Paas, appId: string, ids: readonly string[]): Promise<boolean> {
  if (paas.store.apps.exists(appId)) await forgetSurplus(paas, appId)
  const released = paas.store.releases.images()
  let all = true
  for (const id of ids) {
    const gone = !released.has(id) && (await removeUnlessUsed(paas, id))
    all = gone && all
  }
  return all
}

async function volumesOfNobody(paas: Paas): Promise<readonly LeftOver[]> {
  const known = paas.store.storage.dockerNames()
  const labels = { 'paas.instance': paas.store.instanceId }
  const nobodys = (await paas.engine.volumes.list({ labels })).filter(({ name }) => !known.has(name))
  // Docker counts all that it has to tell a size: up to a minute.
  if (nobodys.length === 0) return []
  const { volumes } = await paas.engine.disk.use()
  return volumes
    .filter(({ name }) => nobodys.some((each) => each.name === name))
    .map(({ name, labels, sizeBytes }) => ({
      what: `files of the volume ${labels['paas.volume']} of ${labels['paas.app']} that nothing names any more`,
      bytes: sizeBytes,
      remove: async () => {
        // A restore under way has not named it yet.
        if (paas.store.storage.dockerNames().has(name)) return false
        try {
          await paas.engine.volumes.remove(name)
          return true
        } catch (error) {
          if (error instanceof ConflictError) return false
          throw error
        }
      },
    }))
}

/** Repositories, kept logs, kept outputs and request logs whose app is gone: a server that was killed in the middle leaves them. */
async function filesOfNobody(paas: Paas): Promise<readonly LeftOver[]> {
  const places = [
    { folder: 'repositories', name: /^([a-z2-7]{10})\.git$/, what: 'repository' },
    { folder: 'app-logs', name: /^([a-z2-7]{10})$/, what: 'kept log' },
    { folder: 'outputs', name: /^([a-z2-7]{10})$/, what: 'kept output' },
    { folder: join('router', 'log'), name: /^([a-z2-7]{10})\.log(?:\.1)?$/, what: 'request log' },
  ]
  const found = await Promise.all(
    places.map(async ({ folder, name, what }) => {
      const within = join(paas.settings.home, folder)
      const files = (await readdir(within).catch(() => [])).filter((file) => {
        const appId = name.exec(file)?.[1]
        return appId !== undefined && !paas.store.apps.exists(appId)
      })
      return await Promise.all(
        files.map(async (file): Promise<LeftOver> => {
          const path = join(within, file)
          return {
            what: `${what} of an app that is gone (${file})`,
            bytes: await folderSize(path),
            remove: async () => {
              if (folder === 'repositories') await removeRepository(path)
              else await rm(path, { recursive: true, force: true })
              return true
            },
          }
        }),
      )
    }),
  )
  return found.flat()
}
