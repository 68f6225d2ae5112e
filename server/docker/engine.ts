import { type BuildOptions, build } from './build.ts'
import { type CallOptions, Client } from './client.ts'
import { Containers } from './containers.ts'
import { Disk } from './disk.ts'
import { type EngineEvent, type EventOptions, events } from './events.ts'
import { Images } from './images.ts'
import { Networks } from './networks.ts'
import { Volumes } from './volumes.ts'

export type Machine = {
  /** Its host name. */
  readonly name: string
  /** The engine's. */
  readonly version: string
  readonly cpus: number
  readonly memoryBytes: number
  /** By the machine's own clock. */
  readonly now: Date
  /** What makes its control groups: `cgroupfs` or `systemd`. */
  readonly cgroupDriver: string
  /** Whether root in a container is another user outside of it (`userns-remap`). */
  readonly mapsUsers: boolean
}

/**
 * One Docker Engine. Every call ends by its deadline with `UnavailableError`, or by its signal with
 * `InterruptedError`; see `Client`.
 */
export class Engine {
  readonly containers: Containers
  readonly disk: Disk
  readonly images: Images
  readonly networks: Networks
  readonly volumes: Volumes
  readonly #client: Client

  /** @param options.deadlineMs how long calls without a deadline of their own may take; 30 s */
  constructor(options: { dockerHost: string; deadlineMs?: number }) {
    this.#client = new Client(options)
    this.containers = new Containers(this.#client)
    this.disk = new Disk(this.#client)
    this.images = new Images(this.#client)
    this.networks = new Networks(this.#client)
    this.volumes = new Volumes(this.#client)
  }

  /** Returns when the engine answers. */
  async ping(options: CallOptions = {}): Promise<void> {
    await this.#client.call('asking whether it is there', options, () => this.#client.docker.ping())
  }

  /** What it is, and what its machine has. */
  async machine(options: CallOptions = {}): Promise<Machine> {
    const info = (await this.#client.call('asking what its machine has', options, () =>
      this.#client.docker.info(),
    )) as {
      readonly Name: string
      readonly NCPU: number
      readonly MemTotal: number
      readonly ServerVersion: string
      readonly SystemTime: string
      readonly CgroupDriver: string
      readonly SecurityOptions: readonly string[] | null
    }
    return {
      name: info.Name,
      version: info.ServerVersion,
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      now: new Date(info.SystemTime),
      cgroupDriver: info.CgroupDriver,
      mapsUsers: mapsUsers(info.SecurityOptions ?? []),
    }
  }

  /** Builds an image from a context; `AppError` with the failed step and its last lines. */
  build(options: BuildOptions): Promise<{ imageId: string }> {
    return build(this.#client, options)
  }

  /** What happens to objects with these labels. Subscribed when the promise resolves; throws when the stream breaks. */
  events(options: EventOptions): Promise<AsyncGenerator<EngineEvent>> {
    return events(this.#client, options)
  }
}

/** `name=userns`; rootless Docker, `name=rootless`, runs in such a name space as a whole. */
export const mapsUsers = (securityOptions: readonly string[]): boolean =>
  securityOptions.some((option) => /^(name=)?(userns|rootless)(,|$)/.test(option))
