import type { Database } from './database.ts'

/** Who keeps deploys off an app. */
export type AppLock = { readonly who: string; readonly since: string; readonly reason: string | null }

export class AppLocks {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** undefined: nobody. */
  of(appId: string): AppLock | undefined {
    const row = this.#database.get('SELECT who, since, reason FROM app_lock WHERE app_id = ?', appId)
    return (
      row && {
        who: String(row.who),
        since: String(row.since),
        reason: row.reason === null ? null : String(row.reason),
      }
    )
  }

  set(appId: string, { who, since, reason }: AppLock): void {
    this.#database.run(
      'INSERT OR REPLACE INTO app_lock (app_id, who, since, reason) VALUES (?, ?, ?, ?)',
      appId,
      who,
      since,
      reason,
    )
  }

  /** False: nobody did. */
  remove(appId: string): boolean {
    return this.#database.run('DELETE FROM app_lock WHERE app_id = ?', appId) > 0
  }
}
