import { createHash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Dockerode from 'dockerode'
import type { CallOptions, Client } from './client.ts'
import { NotFoundError } from './engine-errors.ts'
import { lines } from './lines.ts'

/** What an image says about how it wants to be run. */
export type Image = {
  readonly id: string
  readonly tags: readonly string[]
  /** TCP only, lowest first. */
  readonly exposedPorts: readonly number[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string
  /** An absolute path. */
  readonly workingDir: string
  /** `NAME@sha256:...` for each registry that has it. */
  readonly digests: readonly string[]
  readonly sizeBytes: number
  /** Undefined where there is none, or it is turned off. */
  readonly healthcheck: Healthcheck | undefined
  readonly createdAt: string
}

/** A Dockerfile's HEALTHCHECK, with Docker's defaults where it leaves something open. */
export type Healthcheck = {
  readonly command: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly retries: number
}

/** An image in a list. */
export type ImageSummary = Pick<Image, 'id' | 'tags' | 'labels' | 'sizeBytes' | 'createdAt'>

/** One step of an image that is on the disk once, however many images have it. */
export type Layer = {
  /** The same for images that have this layer on the same ones below. */
  readonly key: string
  readonly sizeBytes: number
}

/** The images of one engine. */
export class Images {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** Throws `NotFoundError`. */
  async inspect(image: string, options: CallOptions = {}): Promise<Image> {
    const named = this.#get(image)
    const found = await this.#client.call('reading the image', options, () => named.inspect())
    const config = found.Config ?? {}
    return {
      id: found.Id,
      tags: found.RepoTags ?? [],
      exposedPorts: tcpPorts(Object.keys(config.ExposedPorts ?? {})),
      entrypoint: words(config.Entrypoint),
      command: words(config.Cmd),
      environment: Object.fromEntries((config.Env ?? []).map(nameAndValue)),
      labels: config.Labels ?? {},
      user: config.User ?? '',
      workingDir: config.WorkingDir || '/',
      digests: found.RepoDigests ?? [],
      sizeBytes: found.Size,
      healthcheck: healthcheckOf(config),
      createdAt: found.Created,
    }
  }

  /** Those that carry every one of `labels`. */
  async list(
    filter: { labels: Readonly<Record<string, string>> },
    options: CallOptions = {},
  ): Promise<ImageSummary[]> {
    const images = await this.#client.call('listing images', options, (abortSignal) =>
      this.#client.docker.listImages({ filters: { label: labelFilter(filter.labels) }, abortSignal }),
    )
    return images.map((image) => ({
      id: image.Id,
      tags: (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
      labels: image.Labels ?? {},
      sizeBytes: image.Size,
      createdAt: new Date(image.Created * 1000).toISOString(),
    }))
  }

  /** The lowest first. Throws `NotFoundError`. */
  async layers(image: string, options: CallOptions = {}): Promise<readonly Layer[]> {
    const named = this.#get(image)
    const steps = (await this.#client.call("reading the image's layers", options, () =>
      named.history(),
    )) as readonly HistoryStep[]
    let key = ''
    return steps.toReversed().map((step) => {
      key = createHash('sha256')
        .update(JSON.stringify([key, step.Created, step.CreatedBy, step.Size]))
        .digest('base64')
      return { key, sizeBytes: step.Size }
    })
  }

  /** Gets it from its registry, as nobody in particular; without a tag the one called `latest`. Ten minutes at most. */
  async pull(name: string, options: CallOptions = {}): Promise<void> {
    const what = `pulling ${name}`
    // The engine takes a name without a tag for all of them.
    const fromImage = /[:@][^/]+$/.test(name) ? name : `${name}:latest`
    await this.#client.call(
      what,
      { deadlineMs: 10 * 60_000, ...options, untilEnd: true },
      async (abortSignal) => {
        const answer = (await this.#client.docker.createImage({ fromImage, abortSignal })) as Readable
        for await (const line of lines(this.#client.read(what, answer, abortSignal))) {
          const { error } = JSON.parse(line || '{}') as { error?: string }
          if (error !== undefined) throw new Error(error)
        }
      },
    )
  }

  /** Writes an archive of these images to `output`, which stays open; layers that they share are in it once. Throws `NotFoundError`. */
  async save(images: readonly string[], output: Writable, options: CallOptions = {}): Promise<void> {
    const what = 'saving images'
    const whole = { deadlineMs: Number.POSITIVE_INFINITY, ...options, untilEnd: true }
    await this.#client.call(what, whole, async (abortSignal) => {
      const docker = this.#client.docker as SavesImages
      const answer = await docker.getImages({ names: [...images], abortSignal })
      await pipeline(this.#client.read(what, answer as Readable, abortSignal), output, { end: false })
    })
  }

  /** Takes in what `save` wrote; what is there already stays. */
  async load(archive: Readable, options: CallOptions = {}): Promise<void> {
    const what = 'loading images'
    const whole = { deadlineMs: Number.POSITIVE_INFINITY, ...options, untilEnd: true }
    await this.#client.call(what, whole, async (abortSignal) => {
      const answer = await this.#client.docker.loadImage(archive, { quiet: true, abortSignal })
      for await (const line of lines(this.#client.read(what, answer as Readable, abortSignal))) {
        const { error } = JSON.parse(line || '{}') as { error?: string }
        if (error !== undefined) throw new Error(error)
      }
    })
  }

  /** @param name `repository:tag` */
  async tag(image: string, name: string, options: CallOptions = {}): Promise<void> {
    const at = name.lastIndexOf(':')
    const named = this.#get(image)
    await this.#client.call('tagging the image', options, (abortSignal) =>
      named.tag({ repo: name.slice(0, at), tag: name.slice(at + 1), abortSignal }),
    )
  }

  /** Gone when this returns, also where it was before. A name that is not an id only loses that name. */
  async remove(image: string, options: CallOptions & { force?: boolean } = {}): Promise<void> {
    try {
      const named = this.#get(image)
      await this.#client.call('removing the image', options, (abortSignal) =>
        named.remove({ force: options.force === true, abortSignal }),
      )
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }

  /** The engine answers a name that leads elsewhere in its API with a redirect, on which the driver ends the process. */
  #get(image: string): Dockerode.Image {
    if (image.split('/').some((part) => ['', '.', '..'].includes(part)))
      throw new NotFoundError(`No image can have the name ${image}`)
    return this.#client.docker.getImage(image)
  }
}

/** Docker's form of a filter by labels: each of them must be there. */
export const labelFilter = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([name, value]) => `${name}=${value}`)

/** The driver's types lack it. */
type SavesImages = Dockerode & {
  getImages(options: {
    readonly names: readonly string[]
    readonly abortSignal: AbortSignal
  }): Promise<NodeJS.ReadableStream>
}

type HistoryStep = { readonly Created: number; readonly CreatedBy: string; readonly Size: number }

const tcpPorts = (exposed: readonly string[]): number[] =>
  exposed
    .filter((port) => /^\d+(\/tcp)?$/.test(port))
    .map((port) => Number.parseInt(port, 10))
    .sort((a, b) => a - b)

const words = (value: string | readonly string[] | null | undefined): string[] =>
  typeof value === 'string' ? [value] : [...(value ?? [])]

function nameAndValue(entry: string): [string, string] {
  const at = entry.indexOf('=')
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
}

function healthcheckOf(config: object): Healthcheck | undefined {
  const found = (config as { Healthcheck?: ImageHealthcheck }).Healthcheck
  const [form, ...rest] = found?.Test ?? []
  const command = form === 'CMD' ? rest : form === 'CMD-SHELL' ? ['/bin/sh', '-c', rest[0] ?? 'true'] : []
  if (command.length === 0) return undefined
  return {
    command,
    intervalMs: milliseconds(found?.Interval) || 30_000,
    timeoutMs: milliseconds(found?.Timeout) || 30_000,
    startPeriodMs: milliseconds(found?.StartPeriod),
    retries: found?.Retries || 3,
  }
}

/** Durations in nanoseconds; 0: the default. */
type ImageHealthcheck = {
  readonly Test?: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly Retries?: number
}

const milliseconds = (nanoseconds: number | undefined): number => Math.round((nanoseconds ?? 0) / 1e6)
