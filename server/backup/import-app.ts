import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { giveCarried } from '../carried.ts'
import type { Call } from '../command.ts'
import { createAppWith } from '../deploy/create-app.ts'
import { type Deploy, runDeploy } from '../deploy/deploy.ts'
import { discardImages } from '../deploy/discard-images.ts'
import { imageFiles } from '../deploy/image-files.ts'
import { imageLabels } from '../deploy/image-labels.ts'
import { inVolume, volumeDirectory } from '../deploy/in-volume.ts'
import { makeLink } from '../deploy/link.ts'
import { volumeLabels } from '../deploy/mounts.ts'
import { imageTag } from '../deploy/release.ts'
import { releaseBuilt } from '../deploy/release-built.ts'
import { ensureRepository, repositoryOf } from '../deploy/repository.ts'
import { sourceOf } from '../deploy/source-of.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { addDomains, claimableDomain } from '../domain-change.ts'
import { NotAllowedError, PaasError, UserError } from '../errors.ts'
import { noObject } from '../git/object-name.ts'
import { readPack } from '../git/pack.ts'
import { moveRef, resolve, setHead } from '../git/refs.ts'
import { checkTree } from '../git/tree.ts'
import type { Tasks } from '../source/app-json.ts'
import type { App } from '../state/apps.ts'
import { type Link, releaseLink } from '../state/links.ts'
import type { Service } from '../state/services.ts'
import { type AppManifest, parseAppManifest } from './app-manifest.ts'
import { type Item, readItems } from './archive-reader.ts'
import { appItems } from './contents.ts'
import { ownImageArchive } from './image-archive.ts'
import { type Connections, importConnections } from './import-connections.ts'

/** Of what one archive brings: its image's layers, volumes, databases and repository. */
const mostBytes = 50 * 1024 ** 3

export type Imported = {
  readonly app: App
  /** Databases by the name that they have here. */
  readonly databases: readonly string[]
  /** Domains that others have, or that the person may not have. */
  readonly domainsLeft: readonly string[]
  /** Of its visitors, by their names. */
  readonly passwords: Readonly<Record<string, string>>
  readonly connections: Pick<Connections, 'webhookSecrets' | 'left'>
}

/**
 * Makes an app of what `exportApp` wrote, under a name that is free: whole and serving, or not at all. Databases are made
 * anew, and are the person's. Throws `UserError` where the archive is not what it should be.
 */
export async function importApp(call: Call, name: string): Promise<Imported> {
  const { paas, user, stdin, signal, out, session } = call
  await assertRoom(paas)
  const items = readItems(stdin, signal)
  const first = await items.next()
  const manifest = parseAppManifest(await manifestText(first.done === true ? undefined : first.value))
  const { app, ...job } = createAppWith(paas, { name, owner: user }, (made) => {
    const asked = { appId: made.id, kind: 'import', who: user.name } as const
    return { app: made, ...asked, begun: paas.store.journal.begin(asked) }
  })
  const request = { ...job, key: session.person.fingerprint, progress: out, signal }
  return await runDeploy(paas, request, async (deploy) => {
    const passwords = settings(deploy, manifest)
    const come = new Come(deploy, manifest, user.id)
    for await (const item of items) await come.take(item)
    come.assertComplete()
    const connections = await importConnections(call, deploy, manifest)
    const domains = claimable(call, deploy, manifest)
    const record = (): void => {
      come.keep()
      addDomains({ paas, app: deploy.app, user: call.user }, domains)
    }
    if (manifest.release) await release(deploy, come, manifest.release, record)
    else await deploy.switch(record)
    await deploy.finish('Its links could not be opened yet', () => connections.begin())
    return {
      app: deploy.app,
      databases: come.services.map((service) => service.name),
      domainsLeft: manifest.domains.filter((host) => !domains.includes(host)),
      passwords,
      connections,
    }
  })
}

async function manifestText(item: Item | undefined): Promise<string> {
  if (item?.name !== appItems.manifest) return ''
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of item.content) {
    bytes += chunk.length
    // Config alone may have one, and a text in JSON is at most six times as long.
    if (bytes > 10 * 1024 ** 2) return ''
    chunks.push(chunk)
  }
  return await text(Readable.from(chunks))
}

/** What a deploy of the app asks for. All of it goes with the app. */
function settings({ paas, app }: Deploy, manifest: AppManifest): Imported['passwords'] {
  const { store } = paas
  const passwords = store.transaction(() => {
    store.config.replace(app.id, manifest.config)
    store.formations.replace(app.id, manifest.formation)
    store.resources.replace(app.id, manifest.resources)
    store.apps.setPort(app.id, manifest.port)
    store.apps.setBuilder(app.id, manifest.builder)
    if (manifest.deployBranch !== null) store.apps.setDeployBranch(app.id, manifest.deployBranch)
    return manifest.settings ? giveCarried(store, app.id, manifest.settings) : {}
  })
  paas.secrets.remember(app.id, manifest.config)
  return passwords
}

/** What of an archive has come, and is undone with the deploy. */
class Come {
  image: string | undefined
  readonly services: Service[] = []
  readonly links: Link[] = []
  readonly #deploy: Deploy
  readonly #manifest: AppManifest
  readonly #ownerId: string
  readonly #wanted: Set<string>
  #bytes = 0

  constructor(deploy: Deploy, manifest: AppManifest, ownerId: string) {
    this.#deploy = deploy
    this.#manifest = manifest
    this.#ownerId = ownerId
    this.#wanted = new Set([
      ...(Object.keys(manifest.refs).length > 0 ? [appItems.repository] : []),
      ...(manifest.release ? [appItems.image] : []),
      ...manifest.volumes.map(appItems.volume),
      ...manifest.databases.map(({ alias }) => appItems.database(alias)),
    ])
  }

  /** Each that is wanted once, and nothing else. */
  async take({ name, content }: Item): Promise<void> {
    if (!this.#wanted.delete(name))
      throw refused(`${JSON.stringify(name.slice(0, 100))} belongs to nothing in it`)
    await assertRoom(this.#deploy.paas)
    const input = Readable.from(this.#counted(content))
    try {
      await this.#takeIn(name, input)
    } catch (error) {
      // That the archive is cut off says more than what whoever read it made of that.
      throw input.errored instanceof PaasError ? input.errored : error
    }
  }

  assertComplete(): void {
    const [missing] = this.#wanted
    if (missing !== undefined) throw refused(`${missing} is missing`)
  }

  /** Part of the switch's transaction. */
  keep(): void {
    const { paas, app } = this.#deploy
    for (const made of [...this.services, ...this.links]) paas.provisioning.keep(made)
    paas.store.links.setPrimary(app.id, this.links[0]?.id)
  }

  async *#counted(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      this.#bytes += chunk.length
      if (this.#bytes > mostBytes) throw refused(`it has more than ${mostBytes / 1024 ** 3} GiB`)
      yield chunk
    }
  }

  async #takeIn(name: string, input: Readable): Promise<void> {
    const { volumes, databases } = this.#manifest
    if (name === appItems.repository) return await this.#repository(input)
    if (name === appItems.image) return await this.#image(input)
    const volume = volumes.find((each) => name === appItems.volume(each))
    if (volume !== undefined) return await this.#volume(volume, input)
    const database = databases.find(({ alias }) => name === appItems.database(alias))
    if (database) await this.#database(database, input)
  }

  async #repository(input: Readable): Promise<void> {
    const { paas, app, signal } = this.#deploy
    const { refs, deployBranch } = this.#manifest
    const repository = await ensureRepository(paas, app)
    await readPack(repository, { input, signal })
    for (const [ref, to] of Object.entries(refs)) {
      if (ref.startsWith('refs/heads/')) await checkTree(repository, to, signal)
      await moveRef(repository, { ref, from: noObject, to })
    }
    if (deployBranch !== null) await setHead(repository, deployBranch)
  }

  async #image(input: Readable): Promise<void> {
    const { paas, app, signal } = this.#deploy
    this.#deploy.onUndo(() => discardImages(paas, this.#deploy.id), { laterToo: true })
    const { archive, imageId } = ownImageArchive(input, imageLabels(this.#deploy))
    try {
      await paas.engine.images.load(archive, { signal })
    } catch (error) {
      archive.destroy()
      const told = await imageId.catch((thrown: unknown) => thrown)
      throw told instanceof PaasError ? told : error
    }
    const id = await imageId
    try {
      await paas.engine.images.tag(id, imageTag(paas, app))
    } catch (error) {
      throw error instanceof NotFoundError ? refused('Docker made another image of it than it says') : error
    }
    this.image = id
  }

  async #volume(name: string, input: Readable): Promise<void> {
    const { paas, app, signal } = this.#deploy
    const volume = paas.store.storage.draft(app.id, name)
    this.#deploy.onUndo(() => paas.engine.volumes.remove(volume.dockerName))
    await paas.engine.volumes.create({ name: volume.dockerName, labels: volumeLabels(paas, app, volume) })
    const command = ['tar', '-x', '-p', '-f', '-', '-C', volumeDirectory]
    await inVolume(paas, app, volume, { command, stdin: input, signal })
    const mounts = this.#manifest.mounts
      .filter((mount) => mount.volume === name)
      .map(({ directory, process }) => ({ source: { volume }, directory, process }))
    paas.store.transaction(() => {
      paas.store.storage.add(volume)
      paas.store.storage.replaceMounts(app.id, [...paas.store.storage.mountsOf(app.id), ...mounts])
    })
  }

  async #database(database: AppManifest['databases'][number], input: Readable): Promise<void> {
    const { paas, signal } = this.#deploy
    const service = await this.#newService(database)
    this.services.push(service)
    await paas.provisioning.kind(service.kind).import(service, input, signal)
    this.links.push(await makeLink(this.#deploy, service, database.alias))
  }

  /** Under its own name, or the first with a number that is free. */
  async #newService({ kind, name }: AppManifest['databases'][number]): Promise<Service> {
    const { paas } = this.#deploy
    let free = name
    for (let number = 2; paas.store.services.find(kind, free); number++)
      free = `${name.slice(0, 26)}-${number}`
    const service = await paas.provisioning.create({ kind, name: free, ownerId: this.#ownerId })
    this.#deploy.onUndo(() => paas.provisioning.undo(service))
    return service
  }
}

/** Those that `domains:add` would give this person. */
function claimable({ paas, user }: Call, { app }: Deploy, { domains }: AppManifest): readonly string[] {
  return domains.filter((host) => {
    try {
      return claimableDomain({ paas, user, app }, host) === host
    } catch (error) {
      if (error instanceof UserError || error instanceof NotAllowedError) return false
      throw error
    }
  })
}

async function release(
  deploy: Deploy,
  { image = '', links }: Come,
  { version, commit }: NonNullable<AppManifest['release']>,
  record: () => void,
): Promise<void> {
  const { paas, app, signal } = deploy
  const came = commit !== null && (await resolve(repositoryOf(paas, app), commit)) === commit
  const { processes, checks, appJson } = came
    ? await sourceOf(paas, app, commit, signal)
    : await filesOfImage(deploy, image)
  await deploy.step('built')
  await releaseBuilt(deploy, {
    image,
    commit: came ? commit : null,
    processes,
    checks,
    appJson: appJson && { ...appJson, tasks: laterTasks(appJson.tasks) },
    description: `Import of v${version}`,
    wanted: {
      config: paas.store.config.of(app.id),
      links: links.map((link, index) => ({ ...releaseLink(link), primary: index === 0 })),
      record,
    },
  })
}

async function filesOfImage({ paas, app, signal }: Deploy, id: string) {
  const image = await paas.engine.images.inspect(id, { signal })
  const { procfile: processes, ...files } = await imageFiles(paas, app, image, signal)
  return { ...files, processes }
}

/** The databases are not new: what fills new ones has run where they come from. */
const laterTasks = ({ firstPostdeploy: _, ...tasks }: Tasks): Tasks => tasks

const refused = (why: string): UserError =>
  new UserError(`The archive is refused: ${why}`, {
    next: 'Take one that apps:export wrote, as it came: ssh paas apps:export blog > blog.tar',
  })
