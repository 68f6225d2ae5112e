import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { inVolume, volumeDirectory } from '../deploy/in-volume.ts'
import { repositoryOf } from '../deploy/repository.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { randomName } from '../state/identifiers.ts'
import { endName } from './archive-reader.ts'
import { ArchiveWriter } from './archive-writer.ts'
import { isOfRepository, items, keyFiles, logsFolder, stateFile, wholeFolders } from './contents.ts'
import { holdApp } from './hold-app.ts'
import type { Manifest } from './manifest.ts'

export type BackupRequest = {
  readonly output: Writable
  /** With the master key and the host key: whoever has such a backup reads every secret. */
  readonly withKeys: boolean
  /** With what apps have written. */
  readonly withLogs: boolean
  readonly who: string
  /** Told of what it waits for. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Writes the whole server to `output` while it runs: its state as it is at one moment; then repositories, images, volumes
 * and databases, each as it is at its turn. Throws where it is not whole; then the archive has no end, and no server takes it.
 */
export async function writeBackup(paas: Paas, request: BackupRequest): Promise<void> {
  const { output, withKeys, withLogs, signal } = request
  const { home } = paas.settings
  await assertRoom(paas)
  const archive = new ArchiveWriter(output, signal)
  await using state = await stateOf(paas)
  const manifest: Manifest = {
    format: 1,
    instance: paas.store.instanceId,
    at: state.at,
    migrations: paas.store.migrations,
    withKeys,
  }
  await archive.bytes(items.manifest, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  if (withKeys) for (const path of keyFiles) await archive.file(items.file(path), join(home, path))
  await archive.file(items.file(stateFile), state.file)
  for (const app of state.apps) await repository(paas, archive, app, request)
  for (const folder of wholeFolders) await filesIn(archive, home, folder)
  if (withLogs) for (const { id } of state.apps) await filesIn(archive, home, `${logsFolder}/${id}`)
  await images(paas, archive, state.images, signal)
  for (const { app, volume } of state.volumes)
    await archive.pieces(items.volume(volume.dockerName), (stdout, either) =>
      inVolume(paas, app, volume, {
        command: ['tar', '-c', '-f', '-', '-C', volumeDirectory, '.'],
        stdout,
        signal: either,
      }),
    )
  for (const service of state.services)
    await archive.pieces(items.database(service.id), (sql, either) =>
      paas.provisioning.kind(service.kind).export(service, sql, either),
    )
  await archive.bytes(endName, Buffer.alloc(0))
  await archive.end()
}

/** All of the state at one moment, in a file that goes again, and what of it lies elsewhere. */
async function stateOf(paas: Paas) {
  const folder = join(paas.settings.home, 'snapshots')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, randomName(10))
  const { store } = paas
  store.copyTo(file)
  const apps = store.apps.list()
  return {
    file,
    at: new Date().toISOString(),
    apps,
    images: [...store.releases.images()],
    volumes: apps.flatMap((app) => store.storage.volumesOf(app.id).map((volume) => ({ app, volume }))),
    services: store.services.ready(),
    [Symbol.asyncDispose]: () => rm(file, { force: true }),
  }
}

/** As it is between two jobs of the app: nothing moves its branches or prunes it meanwhile. */
async function repository(
  paas: Paas,
  archive: ArchiveWriter,
  app: Parameters<typeof repositoryOf>[1],
  request: BackupRequest,
): Promise<void> {
  using _lock = await holdApp(paas, app, { ...request, what: 'backup' })
  const folder = repositoryOf(paas, app)
  for await (const path of walk(folder, ''))
    if (isOfRepository(path))
      await unlessGone(() =>
        archive.file(items.file(`repositories/${app.id}.git/${path}`), join(folder, path)),
      )
}

async function filesIn(archive: ArchiveWriter, home: string, folder: string): Promise<void> {
  for await (const path of walk(home, folder))
    if (!path.endsWith('.part')) await unlessGone(() => archive.file(items.file(path), join(home, path)))
}

/** The files below `path` of `root`, by name; none where there is no such folder. */
async function* walk(root: string, path: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const below = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) yield* walk(root, below)
    else if (entry.isFile()) yield below
  }
}

/** A file that goes while others are read (the oldest output of a job) is not missed. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Those that releases can still be brought back from, layers that they share once. */
async function images(
  paas: Paas,
  archive: ArchiveWriter,
  kept: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const there: string[] = []
  for (const image of kept) {
    try {
      there.push((await paas.engine.images.inspect(image, { signal })).id)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }
  if (there.length === 0) return
  try {
    await archive.pieces(items.images, (output, either) =>
      paas.engine.images.save(there, output, { signal: either }),
    )
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new UnavailableError('An image was removed while it was to be saved; the backup is not whole', {
      cause: error,
      next: 'Throw away what has arrived, then try again: ssh paas backup > server.tar',
    })
  }
}
