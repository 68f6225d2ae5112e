import { StringDecoder } from 'node:string_decoder'
import type { Client } from './client.ts'
import { type Frame, frames } from './frames.ts'
import { lines } from './lines.ts'
import { type LogOptions, openLog } from './log-entries.ts'

/** A line that a container wrote. */
export type LogLine = {
  /** RFC 3339 with nanoseconds. */
  readonly at: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/**
 * What a container wrote, in complete lines: the engine's pieces of 16 KB are joined. With `follow` until it ends;
 * the signal throws `InterruptedError`. Throws `NotFoundError` where it is gone, or on its way out.
 */
export async function* logs(client: Client, id: string, options: LogOptions): AsyncGenerator<LogLine> {
  const container = client.docker.getContainer(id)
  const what = 'reading the container’s log'
  const { signal } = options
  const inspected = await client.call(what, { signal }, (abortSignal) => container.inspect({ abortSignal }))
  const bytes = await openLog(client, id, options)
  if (inspected.Config.Tty) {
    for await (const line of lines(bytes)) yield logLine('stdout', line.replace(/\r$/, ''))
  } else {
    yield* joined(frames(bytes))
  }
}

/** One frame is one entry of the log: a whole line, or 16 KB of a longer one, each with a time of its own. */
async function* joined(entries: AsyncIterable<Frame>): AsyncGenerator<LogLine> {
  const pending = { stdout: new PendingLine(), stderr: new PendingLine() }
  for await (const frame of entries) {
    const line = pending[frame.stream].add(frame)
    if (line !== undefined) yield logLine(frame.stream, line)
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const line = pending[stream].end()
    if (line !== '') yield logLine(stream, line)
  }
}

class PendingLine {
  readonly #decoder = new StringDecoder('utf8')
  #entry: Buffer[] = []
  #line = ''

  add(frame: Frame): string | undefined {
    this.#entry.push(frame.bytes)
    if (!frame.complete) return undefined
    const entry = Buffer.concat(this.#entry)
    this.#entry = []
    // Of a joined line the first piece's time counts; the others' are cut off before the bytes are decoded.
    this.#line += this.#decoder.write(this.#line === '' ? entry : entry.subarray(entry.indexOf(0x20) + 1))
    if (!this.#line.endsWith('\n') && this.#line.length < longest) return undefined
    const line = this.end()
    return line.endsWith('\n') ? line.slice(0, -1) : line
  }

  end(): string {
    const line = this.#line + this.#decoder.end()
    this.#line = ''
    return line
  }
}

/** A line without an end is cut here, so that it cannot fill memory. */
const longest = 1024 * 1024

function logLine(stream: LogLine['stream'], entry: string): LogLine {
  const space = entry.indexOf(' ')
  return { at: entry.slice(0, space), stream, text: entry.slice(space + 1) }
}
