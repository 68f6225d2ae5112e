import { createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { inVolume, volumeDirectory } from '../deploy/in-volume.ts'
import { volumeLabels } from '../deploy/mounts.ts'
import { imageTag } from '../deploy/release.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { PaasError, UserError } from '../errors.ts'
import { syncFolder, writeFileAtomically } from '../files.ts'
import { createRepository } from '../git/create-repository.ts'
import type { Paas } from '../paas.ts'
import { Store } from '../state/store.ts'
import { type Item, readItems } from './archive-reader.ts'
import {
  begunMark,
  isOfRepository,
  items,
  keptFolders,
  keyFiles,
  stagingFolder,
  stateFile,
  wholeMark,
} from './contents.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { undoRestore } from './undo-restore.ts'

export type Restored = { readonly at: string; readonly apps: number; readonly databases: number }

/**
 * Takes in a backup of another server, on one that has no apps and no databases yet: nothing of it counts before all of
 * it is there, and where it breaks off nothing stays. The next start of the server, which this asks for, is that server's.
 */
export async function restoreServer(
  paas: Paas,
  { input, signal }: { readonly input: Readable; readonly signal: AbortSignal },
): Promise<Restored> {
  assertEmpty(paas)
  await assertRoom(paas)
  const staging = stagingFolder(paas.settings.home)
  await makeStaging(staging)
  try {
    const restored = await takeIn(paas, staging, input, signal)
    assertEmpty(paas)
    // THE POINT OF NO RETURN: with this file there, a start of the server puts all of it in its place.
    writeFileAtomically(join(staging, wholeMark), '', 0o600)
    paas.startAnew()
    return restored
  } catch (error) {
    await undoRestore(paas).catch((later: unknown) => paas.log(`A restore is undone later: ${String(later)}`))
    throw error
  }
}

function assertEmpty({ store }: Paas): void {
  const apps = store.apps.list()
  const services = store.services.ready()
  if (apps.length === 0 && services.length === 0) return
  throw new UserError(
    `This server has apps or databases already (${[...apps, ...services]
      .slice(0, 5)
      .map(({ name }) => name)
      .join(', ')}), and a backup takes the place of all that a server has`,
    {
      next: 'Restore into a new one: set PAAS_HOME to an empty folder, make up, then ssh paas restore < server.tar',
    },
  )
}

/** Its folder tells that one is under way. */
async function makeStaging(staging: string): Promise<void> {
  try {
    await mkdir(staging, { mode: 0o700 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new UserError('A restore is under way, or what one has left is being removed', {
      next: 'Try again in a minute; why it takes long stands in the log of the server: make logs',
      cause,
    })
  }
}

async function takeIn(paas: Paas, staging: string, input: Readable, signal: AbortSignal): Promise<Restored> {
  let manifest: Manifest | undefined
  let store: Store | undefined
  try {
    for await (const item of readItems(input, signal)) {
      if (!manifest) manifest = await manifestOf(paas, item)
      else if (item.name.startsWith(items.file(''))) await file(staging, item, signal)
      else {
        store ??= await openState(paas, staging, manifest)
        await assertRoom(paas)
        await outside({ ...paas, store }, item, signal)
      }
    }
    if (!manifest) throw incomplete('it is empty')
    store ??= await openState(paas, staging, manifest)
    await assertComplete({ ...paas, store })
    for await (const folder of foldersBelow(staging)) syncFolder(folder)
    return { at: manifest.at, apps: store.apps.list().length, databases: store.services.ready().length }
  } finally {
    store?.close()
  }
}

async function manifestOf(paas: Paas, { name, content }: Item): Promise<Manifest> {
  const known = paas.store.migrations
  // Of anything else there is no need to read more than a little.
  return parseManifest(name === items.manifest ? await text(atMost(content, 64 * 1024)) : '', known)
}

async function* atMost(content: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of content) {
    left -= chunk.length
    if (left < 0) return
    yield chunk
  }
}

async function file(staging: string, { name, content }: Item, signal: AbortSignal): Promise<void> {
  const path = name.slice(items.file('').length)
  const [, repository, inside = ''] = /^(repositories\/[a-z2-7]{10}\.git)\/(.+)$/.exec(path) ?? []
  const known =
    repository === undefined
      ? path === stateFile ||
        (keyFiles as readonly string[]).includes(path) ||
        keptFolders.some((folder) => path.startsWith(`${folder}/`))
      : isOfRepository(inside)
  if (!known) throw incomplete(`${JSON.stringify(path.slice(0, 200))} is no file of a server`)
  const place = join(staging, path)
  if (repository !== undefined && !existsSync(join(staging, repository))) {
    await mkdir(join(staging, 'repositories'), { recursive: true, mode: 0o700 })
    await createRepository(join(staging, repository))
  }
  await mkdir(dirname(place), { recursive: true, mode: 0o700 })
  await pipeline(Readable.from(content), createWriteStream(place, { mode: 0o600, flush: true }), { signal })
}

/**
 * The state that has come, opened with the key that has come or this server's own. Throws `UserError` where neither is
 * its key, and where the server that it is of is here too.
 */
async function openState(paas: Paas, staging: string, manifest: Manifest): Promise<Store> {
  if (!existsSync(join(staging, stateFile))) throw incomplete('its state is missing')
  const [key] = keyFiles
  if (!existsSync(join(staging, key))) await copyFile(join(paas.settings.home, key), join(staging, key))
  const store = openedWithKey(staging)
  try {
    if (store.instanceId !== manifest.instance) throw incomplete('its state is of another server')
    await assertNotHere({ ...paas, store })
    writeFileAtomically(join(staging, begunMark), '', 0o600)
    return store
  } catch (error) {
    store.close()
    throw error
  }
}

function openedWithKey(staging: string): Store {
  try {
    return new Store(staging)
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError('The backup is sealed with another master key than this server has', {
      next: 'Put the master.key of the server that it is of into an empty PAAS_HOME before its first make up; or take a backup --with-keys',
      cause,
    })
  }
}

/** What carries its instance in its labels would be taken for what the backup brings. */
async function assertNotHere(paas: Paas): Promise<void> {
  const { engine, provisioning, store } = paas
  const labels = { 'paas.instance': store.instanceId }
  const found = await Promise.all([
    engine.containers.list({ labels, all: true }),
    engine.volumes.list({ labels }),
    engine.images.list({ labels }),
  ])
  const services = store.services.ready()
  const databases = await Promise.all(
    services.map(async (service) => (await provisioning.kind(service.kind).facts(service)).tables),
  )
  if (found.flat().length === 0 && databases.every((tables) => tables === 0)) return
  throw new UserError(
    `The server of this backup (instance ${store.instanceId}) has containers, images, volumes or databases here already`,
    { next: 'Restore on another machine, or remove what carries the label paas.instance of it first' },
  )
}

/** What lies in Docker and in the databases' servers. */
async function outside(paas: Paas, { name, content }: Item, signal: AbortSignal): Promise<void> {
  const input = Readable.from(content)
  try {
    await takeOutside(paas, name, input, signal)
  } catch (error) {
    // That the archive is cut off says more than what whoever read it made of that.
    throw input.errored instanceof PaasError ? input.errored : error
  }
}

async function takeOutside(paas: Paas, name: string, input: Readable, signal: AbortSignal): Promise<void> {
  const { engine, provisioning, store } = paas
  if (name === items.images) {
    await engine.images.load(input, { signal })
    return await nameImages(paas)
  }
  const service = store.services.ready().find(({ id }) => name === items.database(id))
  if (service) {
    const kind = provisioning.kind(service.kind)
    await kind.create(service)
    await kind.import(service, input, signal)
    for (const link of store.links.to(service.id)) if (link.state === 'ready') await kind.grant(service, link)
    const exposure = store.exposures.of(service.id)
    if (exposure?.state === 'ready') await kind.expose(service, exposure)
    return
  }
  const found = volumesOf(store).find(({ volume }) => name === items.volume(volume.dockerName))
  if (!found) throw incomplete(`${JSON.stringify(name.slice(0, 200))} belongs to nothing in its state`)
  const { app, volume } = found
  await engine.volumes.create({ name: volume.dockerName, labels: volumeLabels(paas, app, volume) })
  const command = ['tar', '-x', '-p', '-f', '-', '-C', volumeDirectory]
  await inVolume(paas, app, volume, { command, stdin: input, signal })
}

/** One without a name is what `docker image prune` removes. */
async function nameImages(paas: Paas): Promise<void> {
  const { engine, store } = paas
  const there = new Set(
    (await engine.images.list({ labels: { 'paas.instance': store.instanceId } })).map(({ id }) => id),
  )
  for (const app of store.apps.list())
    for (const image of store.releases.imagesOf(app.id))
      if (there.has(image)) await engine.images.tag(image, imageTag(paas, app))
}

/** Everything that its state speaks of has come. */
async function assertComplete({ store, engine, provisioning }: Paas): Promise<void> {
  const labels = { 'paas.instance': store.instanceId }
  const volumes = new Set((await engine.volumes.list({ labels })).map(({ name }) => name))
  const missing = volumesOf(store).find(({ volume }) => !volumes.has(volume.dockerName))
  if (missing) throw incomplete(`the volume ${missing.volume.name} of ${missing.app.name} is missing`)
  for (const app of store.apps.list()) {
    const release = app.release === null ? undefined : store.releases.find(app.id, app.release)
    if (!release) continue
    await engine.images.inspect(release.image).catch((error: unknown) => {
      throw error instanceof NotFoundError ? incomplete(`the image of ${app.name} is missing`) : error
    })
  }
  for (const service of store.services.ready()) await provisioning.kind(service.kind).facts(service)
}

const volumesOf = (store: Store) =>
  store.apps.list().flatMap((app) => store.storage.volumesOf(app.id).map((volume) => ({ app, volume })))

async function* foldersBelow(path: string): AsyncGenerator<string> {
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) yield* foldersBelow(join(path, entry.name))
  yield path
}

const incomplete = (why: string): UserError =>
  new UserError(`The backup is refused: ${why}`, {
    next: 'Take one that backup wrote, as it came: ssh paas backup > server.tar',
  })
