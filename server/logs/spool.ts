export type SpoolOptions<T> = {
  readonly mostBytes: number
  /** As it takes room here, roughly. */
  readonly sizeOf: (entry: T) => number
  /** What stands for so many that went before `next`. */
  readonly missed: (count: number, next: T) => T
}

/** What waits for a reader that may be slow, at most so many bytes: the oldest go first, and are counted. */
export class Spool<T> {
  readonly #options: SpoolOptions<T>
  readonly #waiting: T[] = []
  #bytes = 0
  #missed = 0
  #filled = Promise.withResolvers<void>()

  constructor(options: SpoolOptions<T>) {
    this.#options = options
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length
  }

  /** How many had to go and were not told of yet. */
  get missed(): number {
    return this.#missed
  }

  push(entry: T): void {
    this.#waiting.push(entry)
    this.#bytes += this.#options.sizeOf(entry)
    if (this.#bytes > this.#options.mostBytes) this.#drop()
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

  /** Takes the oldest, at most so many bytes and at least one; before them what was missed. */
  take(mostBytes: number): readonly T[] {
    const { sizeOf } = this.#options
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
    return missed > 0 && first ? [this.#options.missed(missed, first), ...taken] : taken
  }

  /** A tenth goes at once: each time the whole list moves. */
  #drop(): void {
    const { sizeOf, mostBytes } = this.#options
    let gone = 0
    for (const entry of this.#waiting) {
      if (this.#bytes <= mostBytes * 0.9 || gone === this.#waiting.length - 1) break
      this.#bytes -= sizeOf(entry)
      gone++
    }
    this.#waiting.splice(0, gone)
    this.#missed += gone
  }
}
