import { isDeepStrictEqual } from 'node:util'
import type { ContainerSpec } from '../docker/container-spec.ts'
import type { ContainerSummary } from '../docker/containers.ts'
import type { Engine } from '../docker/engine.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { describe, UnavailableError, UserError } from '../errors.ts'
import type { App } from '../state/apps.ts'
import { randomName } from '../state/identifiers.ts'
import type { Release } from '../state/releases.ts'
import type { Store } from '../state/store.ts'
import type { Walls } from '../walls/walls.ts'
import { ensureLinkNetworks, joining, type LinkEnds, linkEnds } from './link-network.ts'
import { addressIn, ensureNetwork, networkName } from './network.ts'

/** One place of the formation: `web.2` of a release. */
export type Place = { readonly process: string; readonly number: number }

/** A network namespace with an address and a host name, held open by a tiny container, for a container to join. */
export type Sandbox = {
  /** Docker's name of it. */
  readonly name: string
  /** In the app's network. */
  readonly address: string
  readonly hostname: string
  readonly ends: LinkEnds
}

/** One that Docker knows; it runs once `runs` is fulfilled. */
type Made = { readonly sandbox: Sandbox; readonly runs: Promise<void> }

type Parts = {
  readonly engine: Engine
  readonly store: Store
  readonly walls: Pick<Walls, 'raise'>
  /** A spare costs 3 MB. */
  readonly mostSpares: number
  readonly log: (line: string) => void
}

const mostSparesOfApp = 4
const image = 'paas/busybox:latest'

/**
 * The sandboxes of containers. Docker takes two thirds of a container's start for its network: made ahead, while
 * the image is built or behind the deploy before, that is off the way to the first answer. Spares are only
 * remembered here: those of a server that was killed are strays to the next.
 */
export class Sandboxes {
  readonly #parts: Parts
  /** Those of the app that was deployed last come last. */
  readonly #spares = new Map<string, Promise<Made>>()
  readonly #addresses = new Map<string, string>()
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Begins to make what release `version` of the app will need there, as far as it is not made yet. */
  prepare(app: App, version: number, places: readonly Place[]): void {
    if (this.#closed) return
    const { mostSpares } = this.#parts
    const wanted = new Map(
      places
        .slice(0, Math.min(mostSparesOfApp, mostSpares))
        .map((place) => [keyOf(app.id, hostnameOf(place, version)), place]),
    )
    for (const key of this.#keysOf(app.id)) if (!wanted.has(key)) void this.#drop(key)
    for (const [key, place] of wanted) {
      const known = this.#forget(key)
      this.#spares.set(key, known ?? this.#makeAhead(key, app, place, version))
    }
    const keys = [...this.#spares.keys()]
    for (const key of keys.slice(0, Math.max(0, keys.length - mostSpares))) void this.#drop(key)
  }

  /**
   * The one that was made ahead for this place of a release, running; it is the caller's from now on, who removes it also where it
   * does not come to be used. Undefined where there is none: then a network of the container's own takes less time. A
   * Docker that is down while it is waited for is not asked a second time.
   */
  async take(
    app: App,
    place: Place,
    { version, appLinks: named }: Pick<Release, 'version' | 'appLinks'>,
  ): Promise<Sandbox | undefined> {
    const spare = await this.#forget(keyOf(app.id, hostnameOf(place, version)))?.catch(unlessDown)
    if (!spare) return undefined
    const ends = linkEnds(this.#parts, { appId: app.id, process: place.process, named })
    if (!isDeepStrictEqual(ends, spare.sandbox.ends)) {
      await this.#discard(spare)
      return undefined
    }
    const { sandbox, runs } = spare
    try {
      await this.#orRemove(sandbox, async () => {
        await runs
        // Somebody may have removed it, or Docker was restarted.
        await this.#parts.engine.containers.start(sandbox.name)
      })
      return sandbox
    } catch (error) {
      return unlessDown(error)
    }
  }

  /** An address in the app's network for the container `name`, which goes into it by itself; its `remove` gives it back. */
  async reserve(app: App, name: string): Promise<string> {
    const address = this.#freeAddress(app, await ensureNetwork(this.#parts, app))
    this.#addresses.set(name, address)
    return address
  }

  /** Makes sure that it runs, also one that has ended or is gone. */
  async start(app: App, sandbox: Sandbox): Promise<void> {
    const { containers } = this.#parts.engine
    try {
      await containers.start(sandbox.name)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      await this.#create(app, sandbox)
      await containers.start(sandbox.name)
    }
  }

  /** It is one that this process has made, or is making. */
  knows(name: string): boolean {
    return this.#addresses.has(name)
  }

  async remove(name: string): Promise<void> {
    await this.#parts.engine.containers.remove(name, { force: true })
    this.#addresses.delete(name)
  }

  /** Removes the spares of an app; those that are being made too. */
  async dropOf(appId: string): Promise<void> {
    await Promise.all(this.#keysOf(appId).map((key) => this.#drop(key)))
  }

  /** Removes all spares; none is made from now on. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#spares.keys()].map((key) => this.#drop(key)))
  }

  #makeAhead(key: string, app: App, place: Place, version: number): Promise<Made> {
    const taken = this.#make(app, place, version)
    running(taken).catch((error: unknown) => {
      this.#parts.log(`The sandbox ${key} could not be made ahead: ${describe(error)}`)
      void this.#drop(key)
    })
    return taken
  }

  async #make(app: App, place: Place, version: number): Promise<Made> {
    const subnet = await ensureNetwork(this.#parts, app)
    await ensureLinkNetworks(this.#parts, app.id)
    const named = this.#parts.store.appLinks.next(app.id)
    const sandbox: Sandbox = {
      name: `paas-${app.id}-net-${randomName(6)}`,
      address: this.#freeAddress(app, subnet),
      hostname: hostnameOf(place, version),
      ends: linkEnds(this.#parts, { appId: app.id, process: place.process, named }),
    }
    this.#addresses.set(sandbox.name, sandbox.address)
    await this.#orRemove(sandbox, () => this.#create(app, sandbox))
    return { sandbox, runs: observed(this.#parts.engine.containers.start(sandbox.name)) }
  }

  async #orRemove(sandbox: Sandbox, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const removed = this.remove(sandbox.name).catch(() => {})
      // A Docker that hangs would keep whoever waits for as long again.
      if (!(error instanceof UnavailableError)) await removed
      throw error
    }
  }

  async #create(app: App, sandbox: Sandbox): Promise<void> {
    try {
      await this.#parts.engine.containers.create(this.#specOf(app, sandbox))
    } catch (error) {
      throw error instanceof NotFoundError ? imageMissing(error) : error
    }
  }

  #specOf(app: App, { name, address, hostname, ends }: Sandbox): ContainerSpec {
    return {
      name,
      hostname,
      image,
      command: ['sleep', 'infinity'],
      environment: {},
      labels: {
        'paas.instance': this.#parts.store.instanceId,
        'paas.app': app.name,
        'paas.app-id': app.id,
        'paas.sandbox': hostname,
      },
      network: { name: networkName(app.id), address, ...joining(ends, address) },
      limits: { memoryBytes: 16 * 1024 * 1024, cpus: 1, pids: 8 },
      user: '65534:65534',
      workingDir: '/',
    }
  }

  #freeAddress(app: App, subnet: string): string {
    const { apps, containers } = this.#parts.store
    const used = new Set([
      ...containers.of(app.id).map((container) => container.address),
      ...this.#addresses.values(),
    ])
    for (let attempt = 0; attempt < 190; attempt++) {
      const address = addressIn(subnet, apps.nextAddressNumber(app.id))
      if (!used.has(address)) return address
    }
    throw new UserError('The app has no address left in its network', { next: 'Scale it down: scale web=1' })
  }

  #keysOf(appId: string): readonly string[] {
    return [...this.#spares.keys()].filter((key) => key.startsWith(`${appId}/`))
  }

  #forget(key: string): Promise<Made> | undefined {
    const spare = this.#spares.get(key)
    this.#spares.delete(key)
    return spare
  }

  async #drop(key: string): Promise<void> {
    try {
      const spare = await this.#forget(key)?.catch(() => undefined)
      if (spare) await this.#discard(spare)
    } catch (error) {
      this.#parts.log(`The sandbox ${key} could not be removed: ${describe(error)}`)
    }
  }

  async #discard({ sandbox, runs }: Made): Promise<void> {
    await runs.catch(() => {})
    await this.remove(sandbox.name)
  }
}

/** `web-1-v12`: each container's host name is unique in its app. */
export const hostnameOf = ({ process, number }: Place, version: number): string =>
  `${process}-${number}-v${version}`

/** `container` has its network from `sandbox`, which is itself where it has none. */
export const isIn = (sandbox: ContainerSummary, container: ContainerSummary): boolean =>
  container.id === sandbox.id || container.sandboxId === sandbox.id

const keyOf = (appId: string, hostname: string): string => `${appId}/${hostname}`

async function running(taken: Promise<Made>): Promise<void> {
  const { runs } = await taken
  await runs
}

/** Whatever else has failed may go well the next time. */
function unlessDown(error: unknown): undefined {
  if (error instanceof UnavailableError) throw error
}

/** A failure that nobody has awaited yet is no unhandled one: whoever takes the sandbox awaits it. */
function observed(work: Promise<void>): Promise<void> {
  work.catch(() => {})
  return work
}

const imageMissing = (cause: NotFoundError): UnavailableError =>
  new UnavailableError(`The image ${image} is missing: containers get their network from it`, {
    next: 'On the server: make base-images STACK=busybox',
    cause,
  })
