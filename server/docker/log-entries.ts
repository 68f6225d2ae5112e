import type { Readable } from 'node:stream'
import type Dockerode from 'dockerode'
import type { Client } from './client.ts'
import { ConflictError, NotFoundError } from './engine-errors.ts'
import { type Frame, frames } from './frames.ts'
import { engineTime } from './timestamp.ts'

/** A line that a container wrote, or 16 KB of a longer one. */
export type LogEntry = {
  /** RFC 3339 with nine digits. */
  readonly time: string
  readonly stream: Frame['stream']
  /** With its newline, where a line ends with it. */
  readonly bytes: Buffer
}

export type LogOptions = {
  /** RFC 3339; an entry of exactly this time is included. */
  readonly since?: string | undefined
  /** Only so many of the last entries. */
  readonly tail?: number | undefined
  readonly follow?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

const what = 'reading the container’s log'

/** The bytes that the engine answers with. Throws `NotFoundError` where the container is gone, or on its way out. */
export async function openLog(
  client: Client,
  id: string,
  options: LogOptions,
): Promise<AsyncGenerator<Buffer>> {
  const container = client.docker.getContainer(id)
  const { signal } = options
  const stream = await client
    .call(what, { signal }, (abortSignal) => open(container, options, abortSignal))
    .catch((error: unknown) => {
      // `dead or marked for removal`: a container has no other state in which its log is refused.
      throw error instanceof ConflictError ? new NotFoundError(error.message, { cause: error }) : error
    })
  return client.read(what, stream, signal)
}

/** The log of a container without a terminal, entry by entry, in the order in which the engine has kept it. */
export async function* logEntries(client: Client, id: string, options: LogOptions): AsyncGenerator<LogEntry> {
  let pieces: Buffer[] = []
  for await (const frame of frames(await openLog(client, id, options))) {
    pieces.push(frame.bytes)
    if (!frame.complete) continue
    const entry = Buffer.concat(pieces)
    pieces = []
    const space = entry.indexOf(0x20)
    yield {
      time: entry.toString('latin1', 0, space),
      stream: frame.stream,
      bytes: entry.subarray(space + 1),
    }
  }
}

async function open(
  container: Dockerode.Container,
  options: LogOptions,
  abortSignal: AbortSignal,
): Promise<Readable> {
  const query = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow: options.follow === true,
    ...(options.since === undefined ? {} : { since: engineTime(options.since) }),
    ...(options.tail === undefined ? {} : { tail: options.tail }),
  }
  // What is not followed the driver would collect into one buffer: it is told to follow, Docker what is wanted.
  const driverOptions = { follow: true, _query: query, abortSignal } as const
  return (await container.logs(driverOptions)) as Readable
}
