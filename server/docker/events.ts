import type { Readable } from 'node:stream'
import { UnavailableError } from '../errors.ts'
import type { Client } from './client.ts'
import { labelFilter } from './images.ts'
import { lines } from './lines.ts'
import { engineTime, timestamp } from './timestamp.ts'

/** Something that happened in the engine. */
export type EngineEvent = {
  readonly type: 'container' | 'network' | 'image' | (string & {})
  /** `create`, `start`, `oom`, `die`, `stop`, `kill`, `destroy`, ... */
  readonly action: string
  /** Of the container, network or image. */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** Of a container's `die`. */
  readonly exitCode: number | undefined
  /** RFC 3339 with nanoseconds; good as `since` when reconnecting (this event then comes once more). */
  readonly at: string
}

export type EventOptions = {
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339; undefined: now. */
  readonly since?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The stream of events broke: connect again with the last event's time. */
export class EventsBrokenError extends UnavailableError {}

/**
 * What happens to objects with these labels, from `since` on. Subscribed when this returns; never ends by itself:
 * it throws `EventsBrokenError` where the engine ends it, `InterruptedError` with the signal.
 */
export async function events(client: Client, options: EventOptions): Promise<AsyncGenerator<EngineEvent>> {
  // Always a start: the engine answers a moment before it subscribes, and what happens between would be lost.
  const since = engineTime(options.since ?? new Date().toISOString())
  const stream = await client.call('listening to Docker', { signal: options.signal }, (abortSignal) =>
    client.docker.getEvents({
      _query: { since, filters: { label: labelFilter(options.labels) } },
      abortSignal,
    } as object),
  )
  return read(client, stream as Readable, options.signal)
}

async function* read(
  client: Client,
  stream: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<EngineEvent> {
  try {
    for await (const line of lines(client.read('listening to Docker', stream, signal))) {
      if (line.trim() !== '') yield event(line)
    }
  } catch (error) {
    if (error instanceof UnavailableError) throw new EventsBrokenError(error.message, { cause: error })
    throw error
  }
  throw new EventsBrokenError('Docker ended its stream of events')
}

function event(line: string): EngineEvent {
  const message = JSON.parse(line) as Message
  const { exitCode, ...labels } = message.Actor?.Attributes ?? {}
  // As text: the number has more digits than JSON.parse keeps.
  const nanoseconds = /"timeNano":(\d+)/.exec(line)?.[1] ?? `${message.time}000000000`
  return {
    type: message.Type,
    action: message.Action,
    id: message.Actor?.ID ?? '',
    labels,
    exitCode: exitCode === undefined ? undefined : Number(exitCode),
    at: timestamp(BigInt(nanoseconds)),
  }
}

type Message = {
  readonly Type: string
  readonly Action: string
  readonly Actor?: { readonly ID: string; readonly Attributes?: Readonly<Record<string, string>> }
  readonly time: number
}
