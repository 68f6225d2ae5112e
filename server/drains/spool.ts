import type { LogEntry } from '../logs/log-entry.ts'

/** A line, and the app that wrote it. */
export type DrainedLine = LogEntry & { readonly appId: string }

/** What of a log waits for its drain, at most so many bytes: the oldest lines go first, and are counted. */
export class Spool {
  readonly #mostBytes: number
  readonly #waiting: DrainedLine[] = []
  #bytes = 0
  #missed = 0
  #filled = Promise.withResolvers<void>()

  constructor(options: { readonly mostBytes: number }) {
    this.#mostBytes = options.mostBytes
  }

  get lines(): number {
    return this.#waiting.length
  }

  /** Lines that had to go and were not told of yet. */
  get missed(): number {
    return this.#missed
  }

  push(entry: DrainedLine): void {
    this.#waiting.push(entry)
    this.#bytes += sizeOf(entry)
    if (this.#bytes > this.#mostBytes) this.#drop()
    this.#filled.resolve()
  }

  /** Resolves when there is something to take, or the signal aborts. */
  async filled(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>()
    const wake = (): void => aborted.resolve()
    signal.addEventListener('abort', wake, { once: true })
    try {
      while (this.#waiting.length === 0 && !signal.aborted) {
        this.#filled = Promise.withResolvers<void>()
        await Promise.race([this.#filled.promise, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  /** Takes the oldest lines, at most so many bytes and at least one; before them what was missed, as a line. */
  take(mostBytes: number): readonly DrainedLine[] {
    let count = 0
    let bytes = 0
    for (const entry of this.#waiting) {
      if (count > 0 && bytes + sizeOf(entry) > mostBytes) break
      bytes += sizeOf(entry)
      count++
    }
    const taken = this.#waiting.splice(0, count)
    this.#bytes -= bytes
    const missed = this.#missed
    this.#missed = 0
    const [first] = taken
    return missed > 0 && first ? [missedLine(missed, first), ...taken] : taken
  }

  /** A tenth goes at once: each time the whole list moves. */
  #drop(): void {
    let gone = 0
    for (const entry of this.#waiting) {
      if (this.#bytes <= this.#mostBytes * 0.9 || gone === this.#waiting.length - 1) break
      this.#bytes -= sizeOf(entry)
      gone++
    }
    this.#waiting.splice(0, gone)
    this.#missed += gone
  }
}

/** As it takes room here, roughly: time and source beside the text. */
const sizeOf = ({ text }: LogEntry): number => text.length + 64

const missedLine = (count: number, { at, appId }: DrainedLine): DrainedLine => ({
  at,
  appId,
  source: 'app[drain]',
  text: `${count} lines before this one were missed: the drain was down for too long`,
})
