import { InterruptedError } from '../errors.ts'

/** So many builds at once, whoever's they are; the others wait for their turn, in the order in which they came. */
export class BuildTurns {
  readonly #most: number
  #going = 0
  /** Each is called when its turn has come. */
  readonly #waiting = new Set<() => void>()

  /** @param most that go on at once */
  constructor(most: number) {
    this.#most = most
  }

  /**
   * Waits for a turn and holds it until disposed. Throws `InterruptedError` where `signal` aborts before.
   * @param onWait told, where it has to wait, how many others are before it: those that go on included
   */
  async hold({
    signal,
    onWait,
  }: {
    readonly signal: AbortSignal
    readonly onWait: (before: number) => void
  }): Promise<Disposable> {
    if (signal.aborted) throw new InterruptedError()
    if (this.#going < this.#most) this.#going += 1
    else {
      onWait(this.#going + this.#waiting.size)
      await this.#turn(signal)
    }
    return { [Symbol.dispose]: () => this.#handOver() }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const giveUp = (): void => {
      if (this.#waiting.delete(resolve)) reject(new InterruptedError())
    }
    signal.addEventListener('abort', giveUp, { once: true })
    return promise
  }

  #handOver(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#going -= 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
