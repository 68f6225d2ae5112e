import { join } from 'node:path'
import { repositoryOf } from '../deploy/repository.ts'
import { bytesOf, layersOf } from '../deploy/trim-images.ts'
import type { DiskUse as EngineUse } from '../docker/disk.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { folderSize } from './folder-size.ts'
import { type FreeSpace, freeSpace } from './free-space.ts'

/** What an app takes, in bytes. */
export type AppUse = {
  readonly app: string
  readonly images: number
  /** Layers that its images share, base images' too, once. */
  readonly imageBytes: number
  /** What its containers have written over their image. */
  readonly writtenBytes: number
  /** Its kept log, and what Docker keeps of its containers' output. */
  readonly logBytes: number
  readonly volumeBytes: number
  readonly repositoryBytes: number
}

/** What uses the disk, in bytes. */
export type DiskUse = {
  readonly free: readonly FreeSpace[]
  /** 0: none. */
  readonly floorBytes: number
  readonly apps: readonly AppUse[]
  /** All images of all apps, each layer once: apps that share a base share its bytes. */
  readonly imageBytes: number
  /** The whole engine's: Docker does not say whose a part of it is. */
  readonly buildCacheBytes: number
  /** Of the MySQL that the server runs itself, and of databases' backups. */
  readonly databaseBytes: number
  /** Of server, router and requests, and what deploys printed. */
  readonly logBytes: number
  /** State, events and Redis. */
  readonly stateBytes: number
}

/** Counts what is ours on the disk; where that is large it takes seconds. */
export async function diskUse(paas: Paas): Promise<DiskUse> {
  const { home } = paas.settings
  const sizeOf = async (...names: readonly string[]): Promise<number> =>
    sum(await Promise.all(names.map((name) => folderSize(join(home, name)))))
  const [free, engine, databaseBytes, logBytes, stateBytes] = await Promise.all([
    freeSpace(paas),
    paas.engine.disk.use(),
    sizeOf('mysql', 'backups'),
    sizeOf('logs', 'outputs', join('router', 'log')),
    sizeOf('state.db', 'state.db-wal', 'state.db-shm', 'events', 'redis'),
  ])
  const apps = paas.store.apps.list()
  const layers = await layersOf(paas, [...paas.store.releases.images()])
  return {
    free,
    floorBytes: paas.settings.diskFloorBytes,
    apps: await Promise.all(
      apps.map(async (app) => {
        const images = paas.store.releases.imagesOf(app.id)
        return {
          app: app.name,
          images: images.length,
          imageBytes: bytesOf(images.map((image) => layers.get(image) ?? [])),
          ...(await containersUse(paas, app, engine)),
          volumeBytes: sum(ofApp(app, engine.volumes).map(({ sizeBytes }) => sizeBytes)),
          repositoryBytes: await folderSize(repositoryOf(paas, app)),
        }
      }),
    ),
    imageBytes: bytesOf(layers.values()),
    buildCacheBytes: engine.buildCacheBytes,
    databaseBytes,
    logBytes,
    stateBytes,
  }
}

async function containersUse(
  paas: Paas,
  app: App,
  engine: EngineUse,
): Promise<{ writtenBytes: number; logBytes: number }> {
  const root = await paas.engine.disk.root()
  const containers = ofApp(app, engine.containers)
  const kept = await folderSize(join(paas.settings.home, 'app-logs', app.id))
  const logs = await Promise.all(containers.map(({ id }) => folderSize(join(root, 'containers', id))))
  return { writtenBytes: sum(containers.map(({ writtenBytes }) => writtenBytes)), logBytes: kept + sum(logs) }
}

const ofApp = <T extends { readonly labels: Readonly<Record<string, string>> }>(
  app: App,
  things: readonly T[],
): readonly T[] => things.filter(({ labels }) => labels['paas.app-id'] === app.id)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
