import type { CallOptions, Client } from './client.ts'

/** What the engine keeps on its disk. */
export type DiskUse = {
  /** All layers of all images, each once. */
  readonly layersBytes: number
  readonly containers: readonly {
    readonly id: string
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    /** What it has written over its image. */
    readonly writtenBytes: number
  }[]
  readonly volumes: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly sizeBytes: number
  }[]
  readonly buildCacheBytes: number
}

/** The disk of one engine. */
export class Disk {
  readonly #client: Client
  #root: string | undefined

  constructor(client: Client) {
    this.#client = client
  }

  /** Where the engine keeps everything, as it names it on its own host. */
  async root(options: CallOptions = {}): Promise<string> {
    // It never changes while the engine runs, and asking takes tens of milliseconds.
    this.#root ??= await this.#askRoot(options)
    return this.#root
  }

  async #askRoot(options: CallOptions): Promise<string> {
    const info = (await this.#client.call('asking where it keeps its data', options, () =>
      this.#client.docker.info(),
    )) as { readonly DockerRootDir?: string }
    return info.DockerRootDir ?? '/var/lib/docker'
  }

  /** The engine counts while we wait: up to a minute with many files in volumes. */
  async use(options: CallOptions = {}): Promise<DiskUse> {
    const found = (await this.#client.call(
      'counting what its disk holds',
      { deadlineMs: 60_000, ...options },
      () => this.#client.docker.df(),
    )) as DiskAnswer
    return {
      layersBytes: found.LayersSize ?? 0,
      containers: (found.Containers ?? []).map((container) => ({
        id: container.Id,
        name: (container.Names?.[0] ?? '').replace(/^\//, ''),
        labels: container.Labels ?? {},
        writtenBytes: container.SizeRw ?? 0,
      })),
      volumes: (found.Volumes ?? []).map((volume) => ({
        name: volume.Name,
        labels: volume.Labels ?? {},
        sizeBytes: Math.max(0, volume.UsageData?.Size ?? 0),
      })),
      buildCacheBytes: (found.BuildCache ?? [])
        .filter(({ Shared }) => Shared !== true)
        .reduce((sum, { Size }) => sum + (Size ?? 0), 0),
    }
  }

  /**
   * Removes what no build uses, least recently used first, until `keepBytes` are left; returns the bytes. It is the
   * whole engine's: Docker does not say whose a part of the cache is.
   */
  async pruneBuildCache(
    options: CallOptions & { readonly keepBytes: number; readonly unusedForMs: number },
  ): Promise<number> {
    const { keepBytes, unusedForMs } = options
    const parameters = {
      'keep-storage': keepBytes,
      filters: { until: [`${Math.round(unusedForMs / 1000)}s`] },
    }
    const pruned = await this.#client.call(
      'trimming the build cache',
      { deadlineMs: 120_000, ...options },
      (abortSignal) => this.#prune(parameters, abortSignal),
    )
    return pruned.SpaceReclaimed ?? 0
  }

  /** dockerode's own `pruneBuilder` drops its parameters, and would remove all of the cache. */
  #prune(options: object, abortSignal: AbortSignal): Promise<{ readonly SpaceReclaimed?: number }> {
    return new Promise((resolve, reject) => {
      const statusCodes = { 200: true, 500: 'server error' }
      const call = { path: '/build/prune?', method: 'POST', options, abortSignal, statusCodes }
      this.#client.docker.modem.dial(call, (error: Error | null, data: unknown) => {
        if (error) reject(error)
        else resolve(data as { readonly SpaceReclaimed?: number })
      })
    })
  }
}

type Labels = Readonly<Record<string, string>> | null

type DiskAnswer = {
  readonly LayersSize?: number
  readonly Containers?:
    | readonly { Id: string; Names?: readonly string[]; Labels?: Labels; SizeRw?: number }[]
    | null
  readonly Volumes?: readonly { Name: string; Labels?: Labels; UsageData?: { Size: number } }[] | null
  readonly BuildCache?: readonly { Size?: number; Shared?: boolean }[] | null
}
