import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { DeployKind } from '../state/journal.ts'

/** What brings other code to an app. All else goes on while it is locked, the server's own going back too. */
const lockedOut: ReadonlySet<DeployKind> = new Set(['push', 'image', 'rollback'])

/** Throws `UserError` where somebody keeps jobs of this kind off the app. */
export function assertUnlocked(paas: Paas, app: App, kind: DeployKind): void {
  const lock = lockedOut.has(kind) ? paas.store.appLocks.of(app.id) : undefined
  if (!lock) return
  const reason = lock.reason === null ? '' : `: ${lock.reason}`
  throw new UserError(`${app.name} is locked by ${lock.who} since ${lock.since.slice(0, 19)}Z${reason}`, {
    next: `When it may be deployed again: apps:unlock ${app.name}`,
  })
}
