import type { ContainerSpec } from '../docker/container-spec.ts'
import type { Engine } from '../docker/engine.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { describe, UnavailableError, UserError } from '../errors.ts'
import type { App } from '../state/apps.ts'
import { randomName } from '../state/identifiers.ts'
import type { Store } from '../state/store.ts'
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
}

type Spare = { readonly made: Promise<Sandbox>; expiry: NodeJS.Timeout }

/** How long a sandbox waits for the app's next deploy; it costs 3 MB. */
const keptForMs = 10 * 60_000
const mostSpares = 4
const image = 'paas/busybox:latest'

/**
 * The sandboxes of containers. Docker takes two thirds of a container's start for its network: made ahead, while
 * the image is built or behind the deploy before, that is off the way to the first answer. Spares are only
 * remembered here: those of a server that was killed are strays to the next.
 */
export class Sandboxes {
  readonly #parts: { readonly engine: Engine; readonly store: Store; readonly log: (line: string) => void }
  readonly #spares = new Map<string, Spare>()
  readonly #addresses = new Map<string, string>()
  #closed = false

  constructor(parts: { engine: Engine; store: Store; log: (line: string) => void }) {
    this.#parts = parts
  }

  /** Begins to make what release `version` of the app will need there, as far as it is not made yet. */
  prepare(app: App, version: number, places: readonly Place[]): void {
    if (this.#closed) return
    const wanted = new Map(
      places.slice(0, mostSpares).map((place) => [keyOf(app.id, hostnameOf(place, version)), place]),
    )
    for (const key of this.#keysOf(app.id)) if (!wanted.has(key)) void this.#drop(key)
    for (const [key, place] of wanted) {
      const known = this.#spares.get(key)
      if (known) known.expiry.refresh()
      else {
        const made = this.make(app, place, version)
        const expiry = setTimeout(() => void this.#drop(key), keptForMs).unref()
        this.#spares.set(key, { made, expiry })
        made.catch((error: unknown) => {
          this.#forget(key)
          this.#parts.log(`The sandbox ${key} could not be made ahead: ${describe(error)}`)
        })
      }
    }
  }

  /** The one that was made ahead for this place, or a new one; it is the caller's from now on. */
  async take(app: App, place: Place, version: number): Promise<Sandbox> {
    const key = keyOf(app.id, hostnameOf(place, version))
    const spare = this.#forget(key)
    const sandbox = await spare?.made.catch(() => undefined)
    // Somebody may have removed it, or Docker was restarted.
    if (sandbox && (await this.runs(sandbox.name))) return sandbox
    if (sandbox) await this.remove(sandbox.name)
    return await this.make(app, place, version)
  }

  /** Makes one; it runs when this returns. */
  async make(app: App, place: Place, version: number): Promise<Sandbox> {
    const subnet = await ensureNetwork(this.#parts, app)
    const sandbox: Sandbox = {
      name: `paas-${app.id}-net-${randomName(6)}`,
      address: this.#freeAddress(app, subnet),
      hostname: hostnameOf(place, version),
    }
    this.#addresses.set(sandbox.name, sandbox.address)
    try {
      await this.start(app, sandbox)
      return sandbox
    } catch (error) {
      await this.remove(sandbox.name).catch(() => {})
      throw error
    }
  }

  /** Makes sure that it runs, also one that has ended or is gone. */
  async start(app: App, sandbox: Sandbox): Promise<void> {
    const { containers } = this.#parts.engine
    try {
      await containers.start(sandbox.name)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      await containers.create(this.#specOf(app, sandbox)).catch((failure: unknown) => {
        throw failure instanceof NotFoundError ? imageMissing(failure) : failure
      })
      await containers.start(sandbox.name)
    }
  }

  async runs(name: string): Promise<boolean> {
    try {
      return (await this.#parts.engine.containers.inspect(name)).state === 'running'
    } catch (error) {
      if (error instanceof NotFoundError) return false
      throw error
    }
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

  #specOf(app: App, { name, address, hostname }: Sandbox): ContainerSpec {
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
      network: { name: networkName(app.id), address },
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

  #forget(key: string): Spare | undefined {
    const spare = this.#spares.get(key)
    clearTimeout(spare?.expiry)
    this.#spares.delete(key)
    return spare
  }

  async #drop(key: string): Promise<void> {
    try {
      const sandbox = await this.#forget(key)?.made
      if (sandbox) await this.remove(sandbox.name)
    } catch (error) {
      this.#parts.log(`The sandbox ${key} could not be removed: ${describe(error)}`)
    }
  }
}

/** `web-1-v12`: each container's host name is unique in its app. */
export const hostnameOf = ({ process, number }: Place, version: number): string =>
  `${process}-${number}-v${version}`

const keyOf = (appId: string, hostname: string): string => `${appId}/${hostname}`

const imageMissing = (cause: NotFoundError): UnavailableError =>
  new UnavailableError(`The image ${image} is missing: containers get their network from it`, {
    next: 'On the server: make base-images STACK=busybox',
    cause,
  })
