/** Many writers, one reader: a writer waits while the reader is behind. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #capacity: number
  #ended = false
  #changed = Promise.withResolvers<void>()

  constructor(capacity = 1_000) {
    this.#capacity = capacity
  }

  async push(item: T): Promise<void> {
    while (this.#items.length >= this.#capacity && !this.#ended) await this.#changed.promise
    if (this.#ended) return
    this.#items.push(item)
    this.#wake()
  }

  /** The reader gets what is there and no more. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const items = this.#items.splice(0)
      if (items.length > 0) this.#wake()
      yield* items
      if (this.#items.length > 0) continue
      if (this.#ended) return
      await this.#changed.promise
    }
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
