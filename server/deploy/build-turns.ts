import pLimit, { type LimitFunction } from 'p-limit'
import { InterruptedError } from '../errors.ts'

/** So many builds at once, whoever's they are; the others wait for their turn, in the order in which they came. */
export class BuildTurns {
  readonly #limit: LimitFunction
  /** Those that go on, and those that wait and have not given up. */
  #taken = 0

  /** @param most that go on at once */
  constructor(most: number) {
    this.#limit = pLimit(most)
  }

  /**
   * Runs `build` once it is its turn. Throws `InterruptedError` where `signal` aborts before.
   * @param onWait told, where it has to wait, how many others are before it: those that go on included
   */
  async take<Built>(
    turn: { readonly signal: AbortSignal; readonly onWait: (before: number) => void },
    build: () => Promise<Built>,
  ): Promise<Built> {
    const { signal } = turn
    if (this.#taken >= this.#limit.concurrency) turn.onWait(this.#taken)
    this.#taken += 1
    const { promise: interrupted, reject } = Promise.withResolvers<never>()
    const interrupt = (): void => reject(new InterruptedError())
    signal.addEventListener('abort', interrupt, { once: true })
    const built = this.#limit(async () => {
      // From here on the build itself ends when it is told to.
      signal.removeEventListener('abort', interrupt)
      if (signal.aborted) throw new InterruptedError()
      return await build()
    })
    try {
      return await Promise.race([built, interrupted])
    } finally {
      this.#taken -= 1
    }
  }
}
