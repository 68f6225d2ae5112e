import type { Paas } from '../paas.ts'
import type { Drain } from '../state/drains.ts'
import { type DrainState, RunningDrain } from './running-drain.ts'

/** The log drains that this process feeds, by id. */
export class RunningDrains {
  readonly #running = new Map<string, RunningDrain>()

  /** Sends the app's lines to `drain`, from where it stands, until it is stopped, the app is gone or the server ends. */
  start(paas: Paas, drain: Drain): void {
    if (this.#running.has(drain.id)) return
    const running = new RunningDrain(paas, drain)
    this.#running.set(drain.id, running)
    running
      .run()
      .catch((error: unknown) => paas.log(`A log drain ended: ${String(error)}`))
      .finally(() => this.#running.delete(drain.id))
  }

  stop(id: string): void {
    this.#running.get(id)?.stop()
  }

  /** undefined: it does not run. */
  stateOf(id: string): DrainState | undefined {
    return this.#running.get(id)?.state
  }
}
