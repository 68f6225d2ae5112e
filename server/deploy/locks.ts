import { InterruptedError } from '../errors.ts'

export type Holder = { readonly who: string; readonly what: string; readonly since: Date }

/** One job at a time changes an app. Waiters are served in order; a lock lives and dies with this process. */
export class Locks {
  readonly #held = new Map<string, { holder: Holder; released: Promise<void> }>()

  holder(appId: string): Holder | undefined {
    return this.#held.get(appId)?.holder
  }

  /**
   * Waits for the app and holds it until disposed.
   * @param onWait told who holds it, each time that the wait begins anew
   */
  async hold(
    appId: string,
    job: { who: string; what: string; onWait: (holder: Holder) => void; signal: AbortSignal },
  ): Promise<Disposable> {
    for (;;) {
      if (job.signal.aborted) throw new InterruptedError()
      const held = this.#held.get(appId)
      if (!held) break
      job.onWait(held.holder)
      await Promise.race([held.released, aborted(job.signal)])
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held.set(appId, { holder: { who: job.who, what: job.what, since: new Date() }, released: promise })
    return {
      [Symbol.dispose]: () => {
        this.#held.delete(appId)
        resolve()
      },
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
