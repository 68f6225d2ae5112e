import type { Writable } from 'node:stream'
import { carriedOf } from '../carried.ts'
import { inVolume, volumeDirectory } from '../deploy/in-volume.ts'
import { readyAppLinks } from '../deploy/link-apps.ts'
import { currentRelease } from '../deploy/release.ts'
import { repositoryOf } from '../deploy/repository.ts'
import { refsOf, writePack } from '../git/pack.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Service } from '../state/services.ts'
import type { AppManifest } from './app-manifest.ts'
import { endName } from './archive-reader.ts'
import { ArchiveWriter } from './archive-writer.ts'
import { appItems } from './contents.ts'
import { holdApp } from './hold-app.ts'

export type ExportRequest = {
  readonly output: Writable
  /** Their addresses may hold a token: for who may see them. */
  readonly withWebhooks: boolean
  readonly who: string
  /** Told of what it waits for. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Writes an app to `output` while it runs: what it is and its repository as they are at one moment, then the image that
 * serves, its volumes and the databases that it is linked to. Throws where it is not whole; then the archive has no end.
 */
export async function exportApp(paas: Paas, app: App, request: ExportRequest): Promise<void> {
  const { output, signal } = request
  const archive = new ArchiveWriter(output, signal)
  await appAndRepository(paas, archive, app, request)
  if (app.release !== null) {
    const { image } = currentRelease(paas, app)
    await archive.pieces(appItems.image, (to, either) =>
      paas.engine.images.save([image], to, { signal: either }),
    )
  }
  for (const volume of paas.store.storage.volumesOf(app.id))
    await archive.pieces(appItems.volume(volume.name), (stdout, either) =>
      inVolume(paas, app, volume, {
        command: ['tar', '-c', '-f', '-', '-C', volumeDirectory, '.'],
        stdout,
        signal: either,
      }),
    )
  for (const { service, alias } of linksOf(paas, app))
    await archive.pieces(appItems.database(alias), (sql, either) =>
      paas.provisioning.kind(service.kind).export(service, sql, either),
    )
  await archive.bytes(endName, Buffer.alloc(0))
  await archive.end()
}

/** Under the app's lock: no deploy moves a branch between the two. */
async function appAndRepository(
  paas: Paas,
  archive: ArchiveWriter,
  app: App,
  request: ExportRequest,
): Promise<void> {
  using _lock = await holdApp(paas, app, { ...request, what: 'export' })
  const repository = repositoryOf(paas, app)
  const refs = await refsOf(repository)
  const manifest = manifestOf(paas, paas.store.apps.byId(app.id), { ...request, refs })
  await archive.bytes(appItems.manifest, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  const objects = [...new Set(Object.values(refs))]
  if (objects.length > 0)
    await archive.pieces(appItems.repository, (output, either) =>
      writePack(repository, objects, { output, signal: either }),
    )
}

function manifestOf(
  paas: Paas,
  app: App,
  { refs, withWebhooks }: Pick<AppManifest, 'refs'> & Pick<ExportRequest, 'withWebhooks'>,
): AppManifest {
  const { store } = paas
  const release = app.release === null ? undefined : store.releases.find(app.id, app.release)
  return {
    format: 1,
    app: app.name,
    config: store.config.of(app.id),
    formation: store.formations.of(app.id),
    port: app.port,
    builder: app.builder,
    resources: store.resources.of(app.id),
    deployBranch: app.deployBranch,
    domains: store.domains.of(app.id),
    refs,
    release: release ? { version: release.version, commit: release.commit } : null,
    volumes: store.storage.volumesOf(app.id).map(({ name }) => name),
    mounts: store.storage
      .mountsOf(app.id)
      .flatMap(({ source, directory, process }) =>
        'volume' in source ? [{ volume: source.volume.name, directory, process }] : [],
      ),
    databases: linksOf({ store }, app).map(({ service, alias }) => ({
      kind: service.kind,
      name: service.name,
      alias,
    })),
    settings: carriedOf(store, app.id),
    webhooks: (withWebhooks ? store.webhooks.of(app.id) : []).map(({ url, events, allowPrivate }) => ({
      ...{ url, events, allowPrivate },
    })),
    drains: store.drains.of(app.id).map(({ url, allowPrivate }) => ({ url, allowPrivate })),
    links: readyAppLinks(paas, app).map(({ targetId, alias }) => ({
      app: store.apps.byId(targetId).name,
      alias,
    })),
  }
}

/** The databases that the app is linked to, the one without a prefix first. */
function linksOf(
  { store }: Pick<Paas, 'store'>,
  app: App,
): readonly { readonly service: Service; readonly alias: string }[] {
  return store.links
    .of(app.id)
    .filter(({ state }) => state === 'ready')
    .sort((one, other) => Number(other.primary) - Number(one.primary))
    .flatMap(({ serviceId, alias }) => {
      const service = store.services.byId(serviceId)
      return service ? [{ service, alias }] : []
    })
}
