import type { Socket } from 'node:net'
import { EndedByServerError } from '../errors.ts'
import type { Store } from '../state/store.ts'

export type RunningRequest = {
  /** Of its token. */
  readonly fingerprint: string
  readonly socket: Socket
  readonly controller: AbortController
  /** Resolves when all of its answer is sent. */
  readonly answered: Promise<void>
}

/** How often it is looked whether a token has ended. */
const everyMs = 1_000

/** The requests that run a command now: they end with their token. */
export class RunningRequests implements Disposable {
  readonly #store: Store
  readonly #closeMs: number
  readonly #running = new Set<RunningRequest>()
  readonly #timer: NodeJS.Timeout

  constructor({ store, closeMs }: { readonly store: Store; readonly closeMs: number }) {
    this.#store = store
    this.#closeMs = closeMs
    this.#timer = setInterval(() => this.#endEnded(), everyMs)
    this.#timer.unref()
  }

  add(request: RunningRequest): void {
    this.#running.add(request)
    const leave = (): boolean => this.#running.delete(request)
    request.answered.then(leave, leave)
  }

  countOf(fingerprint: string): number {
    return this.#of(fingerprint).length
  }

  /** Ends what a token runs; what does not heed that within a few seconds is cut off. */
  async endOf(fingerprint: string): Promise<void> {
    await this.#end(this.#of(fingerprint))
  }

  async endAll(): Promise<void> {
    await this.#end([...this.#running])
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #of(fingerprint: string): readonly RunningRequest[] {
    return [...this.#running].filter((request) => request.fingerprint === fingerprint)
  }

  #endEnded(): void {
    const ended = [...this.#running].filter(
      ({ fingerprint, controller }) =>
        !controller.signal.aborted && this.#store.tokens.live(fingerprint) === undefined,
    )
    void this.#end(ended)
  }

  async #end(requests: readonly RunningRequest[]): Promise<void> {
    if (requests.length === 0) return
    for (const { controller } of requests) controller.abort(new EndedByServerError())
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#closeMs)
    await Promise.race([late, Promise.allSettled(requests.map(({ answered }) => answered))])
    clearTimeout(timer)
    for (const request of requests) if (this.#running.has(request)) request.socket.destroy()
  }
}
