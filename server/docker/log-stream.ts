import { setTimeout as wait } from 'node:timers/promises'
import { describe } from '../errors.ts'
import type { Client } from './client.ts'
import { NotFoundError } from './engine-errors.ts'
import { type LogEntry, logEntries } from './log-entries.ts'
import { withNineDigits } from './log-file.ts'
import type { LogChunk, LogPlace, LogSource } from './log-source.ts'

export type LogStreamOptions = {
  /** Where reading goes on; undefined: at the beginning of what is there. */
  readonly place: LogPlace | undefined
  /** There is something to read. */
  readonly onChange: () => void
  readonly signal: AbortSignal
}

type Waiting = LogChunk & { readonly isAfterLoss: boolean }

const chunkBytes = 64 * 1024
const waitingBytes = 512 * 1024
/** Of the last entries so many are asked for first; where the place is not among them, always more. */
const firstTail = 256
const tailFactor = 16
const mostTail = 1_000_000
/** What comes together is asked for together. */
const gatherMs = 250
/** A container that has ended may be started again; an engine that is away may come back. */
const pauseMs = 2_000
/** A connection that broke without a word is given up. */
const mostSilenceMs = 60_000

/**
 * The log of one container, read through the engine's API: for an engine of which the files are not at hand. The engine
 * is followed for one thing, to hear that something was written: what it sends to who follows misses lines where files
 * rotate. The entries themselves are then read from the last one on, which is found again by its time.
 */
export class LogStream implements LogSource {
  readonly #client: Client
  readonly #id: string
  readonly #onChange: () => void
  readonly #closed = new AbortController()
  readonly #signal: AbortSignal
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #room = Promise.withResolvers<void>()
  /** Behind the last entry that waits. */
  #place: LogPlace
  #isAfterLoss = false
  #lost = false
  #asked: PromiseWithResolvers<void> | undefined
  #wake = new AbortController()
  #hasEnded = false
  readonly length = undefined
  isGone = false
  trouble: string | undefined

  constructor(client: Client, id: string, { place, onChange, signal }: LogStreamOptions) {
    this.#client = client
    this.#id = id
    this.#onChange = onChange
    this.#signal = AbortSignal.any([signal, this.#closed.signal])
    this.#place = { inode: 0, offset: 0, time: withNineDigits(place?.time ?? '') }
    this.#signal.addEventListener('abort', () => this.#room.resolve(), { once: true })
    void this.#run()
  }

  takeLost(): boolean {
    const lost = this.#lost
    this.#lost = false
    return lost
  }

  read(): LogChunk | undefined {
    const chunk = this.#waiting.shift()
    if (!chunk) return undefined
    this.#bytes -= chunk.bytes.length
    this.#room.resolve()
    if (chunk.isAfterLoss) this.#lost = true
    return { ...chunk, isFull: this.#waiting.length > 0 }
  }

  async upToNow(): Promise<void> {
    if (this.#hasEnded) return
    this.#asked ??= Promise.withResolvers()
    this.#wake.abort()
    await this.#asked.promise
  }

  [Symbol.dispose](): void {
    this.#closed.abort()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#signal.aborted && !this.isGone) {
      const asked = this.#asked
      this.#asked = undefined
      this.#wake = new AbortController()
      await this.#try(() => this.#takeAll())
      asked?.resolve()
      const signal = AbortSignal.any([this.#signal, this.#wake.signal])
      const hasChanged = this.trouble === undefined && (await this.#try(() => this.#change(signal)))
      await wait(hasChanged ? gatherMs : pauseMs, undefined, { signal }).catch(() => {})
    }
    this.#hasEnded = true
    this.#asked?.resolve()
  }

  /** What `run` gives; undefined where the engine failed, or the container is gone. */
  async #try<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      const given = await run()
      this.trouble = undefined
      return given
    } catch (error) {
      if (error instanceof NotFoundError) this.isGone = true
      else if (!this.#signal.aborted) this.trouble = describe(error)
      return undefined
    }
  }

  /** Every entry behind the place. */
  async #takeAll(): Promise<void> {
    for (let tail = firstTail; this.#place.time !== '' && tail < mostTail; tail *= tailFactor)
      if ((await this.#take(tail)) !== 'not found') return
    if ((await this.#take(undefined)) !== 'not found') return
    // The engine has replaced the last one that was read.
    this.#isAfterLoss = true
    this.#place = { ...this.#place, time: '' }
    await this.#take(undefined)
  }

  /** `not found`: the place is not among the last `tail` entries, of which there are some. */
  async #take(tail: number | undefined): Promise<'taken' | 'not found'> {
    const { time } = this.#place
    let isFound = time === ''
    let isEmpty = true
    let lines: string[] = []
    let length = 0
    let last = time
    const flush = async (): Promise<void> => {
      if (lines.length > 0) await this.#push(Buffer.from(lines.join('')), last)
      lines = []
      length = 0
    }
    for await (const entry of logEntries(this.#client, this.#id, { tail, signal: this.#signal })) {
      isEmpty = false
      if (isFound) {
        const line = lineOf(entry)
        lines.push(line)
        length += line.length
        last = entry.time
        if (length >= chunkBytes) await flush()
      } else isFound = entry.time === time
    }
    await flush()
    return isFound || isEmpty ? 'taken' : 'not found'
  }

  async #push(bytes: Buffer, time: string): Promise<void> {
    while (this.#bytes > waitingBytes && !this.#signal.aborted) {
      this.#room = Promise.withResolvers()
      await this.#room.promise
    }
    const from = this.#place
    const to = { inode: 0, offset: from.offset + bytes.length, time }
    this.#waiting.push({ bytes, from, to, isFull: false, isAfterLoss: this.#isAfterLoss })
    this.#bytes += bytes.length
    this.#isAfterLoss = false
    this.#place = to
    this.#onChange()
  }

  /** Resolves with true when there is an entry behind the place; with false when the container has ended. */
  async #change(signal: AbortSignal): Promise<boolean> {
    const silence = AbortSignal.timeout(mostSilenceMs)
    const options = { tail: 1, follow: true, signal: AbortSignal.any([signal, silence]) }
    try {
      for await (const { time } of logEntries(this.#client, this.#id, options))
        if (time !== this.#place.time) return true
    } catch (error) {
      if (!signal.aborted && !silence.aborted) throw error
      return true
    }
    return false
  }
}

/** As the `json-file` driver writes it. */
const lineOf = ({ time, stream, bytes }: LogEntry): string =>
  `${JSON.stringify({ log: bytes.toString('utf8'), stream, time })}\n`
