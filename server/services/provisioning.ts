import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, UnavailableError, UserError } from '../errors.ts'
import type { App } from '../state/apps.ts'
import type { Exposure } from '../state/exposures.ts'
import { randomName } from '../state/identifiers.ts'
import type { Link } from '../state/links.ts'
import type { Release } from '../state/releases.ts'
import { parseServiceName, type Service } from '../state/services.ts'
import type { Store } from '../state/store.ts'
import type { Walls } from '../walls/walls.ts'
import type { ServiceKind } from './service-kind.ts'

const retryMs = 1_000

/**
 * Makes and removes services and links so that nothing stays half-made: the row comes first, in a state that only
 * `keep` makes final; whatever is found in another state is undone, or finished where it was on its way out.
 */
export class Provisioning {
  readonly #store: Store
  readonly #kinds: ReadonlyMap<string, ServiceKind>
  readonly #walls: Pick<Walls, 'raise'>
  readonly #log: (line: string) => void
  readonly #closing: AbortSignal
  /** Ids that a command of this process is at work on. */
  readonly #busy = new Set<string>()
  /** Kinds whose ports are not as the links say yet. */
  readonly #notAdmitted = new Set<string>()
  #admitting = Promise.resolve()
  #settling = false

  constructor(options: {
    readonly store: Store
    readonly kinds: ReadonlyMap<string, ServiceKind>
    readonly walls: Pick<Walls, 'raise'>
    readonly log: (line: string) => void
    readonly closing: AbortSignal
  }) {
    this.#store = options.store
    this.#kinds = options.kinds
    this.#walls = options.walls
    this.#log = options.log
    this.#closing = options.closing
  }

  kind(name: string): ServiceKind {
    const kind = this.#kinds.get(name)
    if (!kind) throw new Error(`There is no kind of service "${name}"`)
    return kind
  }

  /** The kind that an add-on of app.json means (`jawsdb:kitefin`), where we have it. */
  kindOfAddon(addon: string): string | undefined {
    const plain = addon.split(':')[0] ?? ''
    return [...this.#kinds].find(([, kind]) => kind.addons.includes(plain))?.[0]
  }

  /**
   * Makes a service that lasts from `keep` on; until then `undo`, or the next start, takes it away again.
   * Throws `UserError` where the name is taken, `UnavailableError` with nothing changed.
   */
  async create(wanted: { kind: string; name: string; ownerId: string | null }): Promise<Service> {
    await this.#settleName(wanted.kind, parseServiceName(wanted.name))
    const id = randomName(10)
    const service: Service = {
      ...wanted,
      ...this.kind(wanted.kind).names(id),
      id,
      state: 'creating',
      password: randomPassword(),
      createdAt: new Date().toISOString(),
    }
    this.#store.services.add(service)
    this.#busy.add(id)
    try {
      await this.kind(wanted.kind).create(service)
      return service
    } catch (error) {
      await this.undo(service)
      throw error
    }
  }

  /** `name` where a new service may have it. Throws `UserError`. */
  freeName(kind: string, name: string): string {
    if (this.#store.services.find(kind, parseServiceName(name))?.state !== 'ready') return name
    throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
  }

  /** Makes a link that lasts from `keep` on. The app's network is there already. */
  async link(wanted: {
    service: Service
    app: App
    subnet: string
    alias: string
    primary: boolean
  }): Promise<Link> {
    const { service, app, subnet, alias, primary } = wanted
    const id = randomName(10)
    const link: Link = {
      id,
      serviceId: service.id,
      appId: app.id,
      alias,
      primary,
      state: 'creating',
      subnet,
      user: this.kind(service.kind).linkUser(id),
      password: randomPassword(),
    }
    this.#store.links.add(link)
    this.#busy.add(id)
    try {
      await this.kind(service.kind).grant(service, link)
      await this.#admit(service.kind)
      return link
    } catch (error) {
      await this.undo(link)
      throw error
    }
  }

  /**
   * Opens a service to clients outside of this machine that come from `source`. Throws `UserError` where it is open
   * already, `UnavailableError` with nothing changed.
   */
  async expose(service: Service, source: string): Promise<Exposure> {
    this.assertNotExposed(service)
    const earlier = this.#store.exposures.of(service.id)
    if (earlier) await this.#removeExposure(earlier)
    const kind = this.kind(service.kind)
    const exposure: Exposure = {
      serviceId: service.id,
      state: 'creating',
      source,
      user: kind.exposureUser(randomName(10)),
      password: randomPassword(),
    }
    this.#store.exposures.add(exposure)
    this.#busy.add(exposure.user)
    try {
      await kind.expose(service, exposure)
      this.#store.exposures.setState(service.id, 'ready')
      await this.#admit(service.kind)
      return exposure
    } catch (error) {
      await this.#removeExposure(exposure).catch((later: unknown) =>
        this.#log(`${exposure.user} is undone later: ${describe(later)}`),
      )
      throw error
    } finally {
      this.#busy.delete(exposure.user)
      this.settle()
    }
  }

  /** Throws `UserError` where the service is open to the outside. */
  assertNotExposed(service: Service): void {
    const earlier = this.#store.exposures.of(service.id)
    if (earlier?.state !== 'ready') return
    throw new UserError(`${service.name} is open already, to clients from ${earlier.source}`, {
      next: `To others: ${service.kind}:unexpose ${service.name}, then ${service.kind}:expose again`,
    })
  }

  /** How the service is open to the outside. Throws `UserError` where it is not. */
  exposureOf(service: Service): Exposure {
    const exposure = this.#store.exposures.of(service.id)
    if (exposure?.state === 'ready') return exposure
    throw new UserError(`${service.name} is not open to the outside`, {
      next: `See what it is: ${service.kind}:info ${service.name}`,
    })
  }

  /** Closes a service to the outside: its port at once, and its user is dropped now or as soon as its server answers. */
  async unexpose(service: Service): Promise<void> {
    this.exposureOf(service)
    this.#store.exposures.setState(service.id, 'removing')
    await this.#admit(service.kind)
    this.settle()
  }

  /** From now on it is there; may be part of a transaction. */
  keep(made: Service | Link): void {
    if (isLink(made)) this.#store.links.setState(made.id, 'ready')
    else this.#store.services.setState(made.id, 'ready')
    this.#busy.delete(made.id)
  }

  /** Takes back what was not kept: now, or as soon as its server answers. */
  async undo(made: Service | Link): Promise<void> {
    try {
      await (isLink(made) ? this.#removeLink(made) : this.#removeService(made))
    } catch (error) {
      this.#log(`${made.id} is undone later: ${describe(error)}`)
    } finally {
      this.#busy.delete(made.id)
      this.settle()
    }
  }

  /** Removes a service with all that is in it and every link to it. Throws `UnavailableError` with nothing changed. */
  async destroy(service: Service): Promise<void> {
    // Asks first whether the server is there: past the next line there is no way back.
    await this.kind(service.kind).facts(service)
    this.#store.transaction(() => {
      this.#store.services.setState(service.id, 'destroying')
      // An app's next release must name none of it, and another of its links comes without a prefix then.
      if (this.#store.exposures.of(service.id)) this.#store.exposures.setState(service.id, 'removing')
      for (const link of this.#store.links.to(service.id)) if (link.state === 'ready') this.release(link)
    })
    try {
      await this.#removeService(service)
    } catch (error) {
      this.settle()
      if (!(error instanceof UnavailableError)) throw error
      throw new UnavailableError(
        `The server went away: ${service.name} is gone, and what is left of it is removed when it is back`,
        { cause: error },
      )
    }
  }

  /** Marks a link as unwanted; may be part of a transaction. `settle` drops its user once no container needs it. */
  release(link: Link): void {
    this.#store.links.setState(link.id, 'removing')
    if (!link.primary) return
    const next = this.#store.links.of(link.appId).find((each) => each.state === 'ready')
    this.#store.links.setPrimary(link.appId, next?.id)
  }

  /** The config vars that links give a container of `release`. Links that are gone give none. */
  environment(release: Release): Record<string, string> {
    const vars: Record<string, string> = {}
    for (const named of release.links) {
      const link = this.#store.links.byId(named.id)
      const service = link && this.#store.services.byId(link.serviceId)
      if (!link || !service) continue
      for (const [name, value] of Object.entries(this.kind(service.kind).environment(service, link))) {
        vars[`${named.alias}_${name}`] = value
        if (named.primary) vars[name] = value
      }
    }
    return vars
  }

  /** What the end of an earlier process left is ended, and ports are opened and closed as the links say. */
  start(): void {
    for (const kind of this.#kinds.keys()) this.#notAdmitted.add(kind)
    this.settle()
  }

  /** Goes on behind its caller until nothing is half-made or half-gone. */
  settle(): void {
    if (this.#settling) return
    this.#settling = true
    this.#settleAll()
      .catch((error: unknown) => this.#log(`Services: ${describe(error)}`))
      .finally(() => {
        this.#settling = false
      })
  }

  async #settleAll(): Promise<void> {
    let told = false
    for (;;) {
      const work = this.#unsettled()
      if (this.#closing.aborted || work.length === 0) return
      for (const step of work) {
        try {
          await step()
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error
          if (!told) this.#log(`${error.message}; services are put in order when it answers`)
          told = true
        }
      }
      await wait(retryMs, undefined, { ref: false })
    }
  }

  #unsettled(): readonly (() => Promise<void>)[] {
    const kinds = [...this.#notAdmitted].map((kind) => () => this.#admit(kind))
    const links = this.#store.links
      .all()
      .filter((link) => link.state !== 'ready' && !this.#busy.has(link.id))
      .map((link) => async () => {
        if (!this.#isNeeded(link)) await this.#removeLink(link)
      })
    const services = this.#store.services
      .unsettled()
      .filter((service) => !this.#busy.has(service.id))
      .map((service) => () => this.#removeService(service))
    const exposures = this.#store.exposures
      .all()
      .filter(({ state, user }) => state !== 'ready' && !this.#busy.has(user))
      .map((exposure) => () => this.#removeExposure(exposure))
    return [...kinds, ...links, ...exposures, ...services]
  }

  /** A name whose earlier service is on its way out is free once that is gone. */
  async #settleName(kind: string, name: string): Promise<void> {
    const earlier = this.#store.services.find(kind, name)
    if (!earlier || earlier.state === 'ready') return
    if (this.#busy.has(earlier.id))
      throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
    await this.#removeService(earlier)
  }

  /** Safe to repeat; the row goes last. */
  async #removeService(service: Service): Promise<void> {
    for (const link of this.#store.links.to(service.id)) await this.kind(service.kind).revoke(link)
    const exposure = this.#store.exposures.of(service.id)
    if (exposure) await this.kind(service.kind).conceal(exposure)
    await this.kind(service.kind).destroy(service)
    this.#store.services.delete(service.id)
    await this.#admit(service.kind)
  }

  async #removeLink(link: Link): Promise<void> {
    const service = this.#store.services.byId(link.serviceId)
    if (service) await this.kind(service.kind).revoke(link)
    this.#store.links.delete(link.id)
    if (service) await this.#admit(service.kind)
  }

  async #removeExposure(exposure: Exposure): Promise<void> {
    const service = this.#store.services.byId(exposure.serviceId)
    if (service) await this.kind(service.kind).conceal(exposure)
    this.#store.exposures.delete(exposure)
    if (service) await this.#admit(service.kind)
  }

  /** The release that serves names it, or a container of one that does still runs. */
  #isNeeded(link: Link): boolean {
    if (link.state !== 'removing' || !this.#store.apps.exists(link.appId)) return false
    const app = this.#store.apps.byId(link.appId)
    const versions = new Set(this.#store.containers.of(app.id).map((container) => container.version))
    if (app.release !== null) versions.add(app.release)
    return [...versions].some((version) =>
      this.#store.releases.find(app.id, version)?.links.some((named) => named.id === link.id),
    )
  }

  /** One after the other, each with the links as they stand at its turn. */
  async #admit(kind: string): Promise<void> {
    this.#notAdmitted.add(kind)
    const turn = this.#admitting.then(() => this.#admitNow(kind))
    this.#admitting = turn.catch(() => {})
    await turn
  }

  async #admitNow(kind: string): Promise<void> {
    const services = new Set(this.#store.services.list(kind).map((service) => service.id))
    const links = this.#store.links.all().filter((link) => services.has(link.serviceId))
    const exposures = this.#store.exposures
      .all()
      .filter(({ serviceId, state }) => services.has(serviceId) && state === 'ready')
    await this.kind(kind).admit(links, exposures)
    await this.#walls.raise()
    this.#notAdmitted.delete(kind)
  }
}

const isLink = (made: Service | Link): made is Link => 'serviceId' in made

/** Letters and digits only: it stands in URLs and in many a config file as it is. */
const randomPassword = (): string => randomBytes(24).toString('hex')
