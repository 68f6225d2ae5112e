import type Dockerode from 'dockerode'
import { type Attachment, attach } from './attach.ts'
import type { CallOptions, Client } from './client.ts'
import type { ContainerSpec } from './container-spec.ts'
import { ConflictError, NotFoundError } from './engine-errors.ts'
import { type Entered, type EnterOptions, enter } from './enter.ts'
import { type Executed, execute } from './execute.ts'
import { createBody } from './host-config.ts'
import { labelFilter } from './images.ts'
import { join } from './join.ts'
import type { Streams } from './joined-streams.ts'
import type { LogOptions } from './log-entries.ts'
import type { LogSource } from './log-source.ts'
import { LogStream, type LogStreamOptions } from './log-stream.ts'
import { type LogLine, logs } from './logs.ts'
import { type ReadFileOptions, readFile } from './read-file.ts'
import { type Usage, usage } from './usage.ts'

/** A container as it is now. */
export type Container = {
  readonly id: string
  readonly name: string
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** Of the last run; undefined before its end. */
  readonly exitCode: number | undefined
  readonly oomKilled: boolean
  readonly restarting: boolean
  readonly startedAt: string | undefined
  readonly finishedAt: string | undefined
  /** Of its first process on the engine's host; undefined while it does not run. */
  readonly pid: number | undefined
  readonly network: string | undefined
  /** In its network, while it runs. */
  readonly address: string | undefined
  /** Its limit; 0: none. */
  readonly memoryBytes: number
  /** Its limit; 0: none. */
  readonly cpus: number
  /** Its weight where the machine is short of CPU; 0: the engine's own, 1024. */
  readonly cpuShares: number
  readonly tty: boolean
  /** Why the engine could not start it. */
  readonly error: string | undefined
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

/** A container in a list. */
export type ContainerSummary = Pick<Container, 'id' | 'name' | 'image' | 'labels' | 'state' | 'address'> & {
  /** Id of the container whose network namespace it is in; undefined: its own. */
  readonly sandboxId: string | undefined
  /** Names of the networks that it is in. */
  readonly networks: readonly string[]
  readonly createdAt: string
}

/** The containers of one engine. */
export class Containers {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /**
   * Creates it, in all of its networks that are there, not started; returns its id. `ConflictError` where the name is taken,
   * `NotFoundError` for the image.
   */
  async create(spec: ContainerSpec, options: CallOptions = {}): Promise<string> {
    const container = await this.#client.call('creating the container', options, (abortSignal) =>
      this.#client.docker.createContainer({ ...createBody(spec), abortSignal }),
    )
    const joins = 'name' in spec.network ? (spec.network.joins ?? []) : []
    try {
      for (const { name, address } of joins) {
        const network = { network: name, container: container.id, address }
        // One that is gone by now leads nowhere any more.
        await join(this.#client, network, options).catch(unlessNotFound)
      }
    } catch (error) {
      await this.remove(container.id, { force: true })
      throw error
    }
    return container.id
  }

  /** Running when this returns, unless it has ended already. */
  async start(id: string, options: CallOptions = {}): Promise<void> {
    await this.#client.call('starting the container', options, (abortSignal) =>
      unlessAlready(this.#get(id).start({ abortSignal })),
    )
  }

  /** Asks it to end, kills it after `graceMs` (whole seconds, rounded up); stopped when this returns. */
  async stop(id: string, options: CallOptions & { graceMs: number }): Promise<void> {
    const deadlineMs = options.graceMs + 30_000
    await this.#client.call('stopping the container', { deadlineMs, ...options }, (abortSignal) =>
      unlessAlready(this.#get(id).stop({ t: Math.ceil(options.graceMs / 1000), abortSignal })),
    )
  }

  /** Sends `signalName`, such as `SIGHUP`; `ConflictError` while it does not run. */
  async kill(id: string, signalName = 'SIGKILL', options: CallOptions = {}): Promise<void> {
    await this.#client.call('signalling the container', options, (abortSignal) =>
      this.#get(id).kill({ signal: signalName, abortSignal }),
    )
  }

  /** Gone when this returns, also where it was before; `ConflictError` for a running one without `force`. */
  async remove(id: string, options: CallOptions & { force?: boolean } = {}): Promise<void> {
    try {
      await this.#client.call('removing the container', options, (abortSignal) =>
        this.#get(id).remove({ force: options.force === true, v: true, abortSignal }),
      )
    } catch (error) {
      if (error instanceof NotFoundError) return
      if (!(error instanceof ConflictError && /already in progress/.test(error.message))) throw error
      await this.#removed(id, options)
    }
  }

  /** Throws `NotFoundError`. */
  async inspect(id: string, options: CallOptions = {}): Promise<Container> {
    return container(
      await this.#client.call('reading the container', options, (abortSignal) =>
        this.#get(id).inspect({ abortSignal }),
      ),
    )
  }

  /** Those that carry every one of `labels`; without `all` only the running ones. */
  async list(
    filter: { labels: Readonly<Record<string, string>>; all?: boolean },
    options: CallOptions = {},
  ): Promise<ContainerSummary[]> {
    const containers = await this.#client.call('listing containers', options, (abortSignal) =>
      this.#client.docker.listContainers({
        all: filter.all === true,
        filters: { label: labelFilter(filter.labels) },
        abortSignal,
      }),
    )
    return containers.map(summary)
  }

  /** The exit code, when it has ended: to be called after `start`, since one that never ran counts as ended. */
  async wait(id: string, options: CallOptions = {}): Promise<number> {
    const end = await this.#client.call(
      'waiting for the container',
      { deadlineMs: Number.POSITIVE_INFINITY, ...options },
      (abortSignal) => this.#get(id).wait({ abortSignal }) as Promise<{ StatusCode: number }>,
    )
    return end.StatusCode
  }

  /** Joins streams to its process, byte for byte. Attached when this returns: call it before `start`. */
  attach(id: string, options: Streams): Promise<Attachment> {
    return attach(this.#client, id, options)
  }

  /** Runs a command beside its process; see `execute`. */
  execute(
    id: string,
    command: readonly string[],
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Executed> {
    return execute(this.#client, id, command, options)
  }

  /** Runs a command beside its process, joined to a person's streams; see `enter`. */
  enter(id: string, options: EnterOptions): Promise<Entered> {
    return enter(this.#client, id, options)
  }

  /** Sets the size of a running container's terminal. */
  async resize(
    id: string,
    size: { columns: number; rows: number },
    options: CallOptions = {},
  ): Promise<void> {
    await this.#client.call('resizing the terminal', options, (abortSignal) =>
      this.#get(id).resize({ w: size.columns, h: size.rows, abortSignal }),
    )
  }

  /** A file in it, also of one that never ran; see `readFile`. */
  readFile(id: string, path: string, options: ReadFileOptions): Promise<Buffer | undefined> {
    return readFile(this.#client, id, path, options)
  }

  /** What it uses now; see `usage`. */
  usage(id: string, options: { signal?: AbortSignal } = {}): Promise<Usage> {
    return usage(this.#client, id, options)
  }

  /** What it wrote, in complete lines; with `follow` until it ends or the signal comes. */
  logs(id: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
    return logs(this.#client, id, options)
  }

  /** What it writes, for an engine of which the files are not at hand; see `LogStream`. */
  logStream(id: string, options: LogStreamOptions): LogSource {
    return new LogStream(this.#client, id, options)
  }

  #get(id: string): Dockerode.Container {
    return this.#client.docker.getContainer(id)
  }

  async #removed(id: string, options: CallOptions): Promise<void> {
    try {
      await this.#client.call('removing the container', options, (abortSignal) =>
        this.#get(id).wait({ condition: 'removed', abortSignal }),
      )
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }
}

function unlessNotFound(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error
}

/** The engine answers 304 where there is nothing to do. */
async function unlessAlready(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode !== 304) throw error
  }
}

function container(found: Dockerode.ContainerInspectInfo): Container {
  const { State: state } = found
  const ended = state.Status === 'exited' || state.Status === 'dead'
  const network = found.HostConfig.NetworkMode
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ''),
    image: found.Image,
    labels: found.Config.Labels ?? {},
    state: state.Status as ContainerState,
    exitCode: ended ? state.ExitCode : undefined,
    oomKilled: state.OOMKilled,
    restarting: state.Restarting,
    startedAt: time(state.StartedAt),
    finishedAt: time(state.FinishedAt),
    pid: state.Pid || undefined,
    network,
    address: (network && found.NetworkSettings.Networks[network]?.IPAddress) || undefined,
    memoryBytes: found.HostConfig.Memory ?? 0,
    cpuShares: found.HostConfig.CpuShares ?? 0,
    cpus: (found.HostConfig.NanoCpus ?? 0) / 1e9,
    tty: found.Config.Tty,
    error: (state as { Error?: string }).Error || undefined,
  }
}

const summary = (found: Dockerode.ContainerInfo): ContainerSummary => ({
  id: found.Id,
  name: (found.Names[0] ?? '').replace(/^\//, ''),
  image: found.ImageID,
  labels: found.Labels ?? {},
  state: found.State as ContainerState,
  address: found.NetworkSettings?.Networks[found.HostConfig.NetworkMode]?.IPAddress || undefined,
  sandboxId: /^container:(.+)$/.exec(found.HostConfig.NetworkMode)?.[1],
  networks: Object.keys(found.NetworkSettings?.Networks ?? {}),
  createdAt: new Date(found.Created * 1000).toISOString(),
})

/** The engine writes the year 1 for what has not happened. */
const time = (at: string): string | undefined => (at.startsWith('0001-') ? undefined : at)
