import type { Database } from './database.ts'

/** Whether an app's visitors are told to come back later, and how. */
export type MaintenanceState = {
  /** null: they are not. */
  readonly since: string | null
  /** HTML of the app's own; null: ours. */
  readonly page: string | null
}

export class Maintenance {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): MaintenanceState {
    const row = this.#database.get('SELECT since, page FROM maintenance WHERE app_id = ?', appId)
    return {
      since: typeof row?.since === 'string' ? row.since : null,
      page: typeof row?.page === 'string' ? row.page : null,
    }
  }

  replace(appId: string, { since, page }: MaintenanceState): void {
    this.#database.run(
      'INSERT OR REPLACE INTO maintenance (app_id, since, page) VALUES (?, ?, ?)',
      appId,
      since,
      page,
    )
  }
}
