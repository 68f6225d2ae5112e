import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** Who holds it, for what, and how the person who waits hears of it. */
export type Holding = {
  readonly who: string
  readonly what: 'backup' | 'export'
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** The app's lock, once whoever has it is done: until it is disposed nothing moves the app's branches or prunes them. */
export const holdApp = (paas: Paas, app: App, { who, what, say, signal }: Holding): Promise<Disposable> =>
  paas.locks.hold(app.id, {
    who,
    what,
    onWait: (holder) => say(`Waiting for ${holder.who}'s ${holder.what} of ${app.name} to end`),
    signal,
  })
