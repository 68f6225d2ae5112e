import type { Database } from './database.ts'
import type { Formation } from './releases.ts'

/** How many of each process type should run now; outlives releases. */
export class Formations {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): Formation {
    const rows = this.#database.all(
      'SELECT process, quantity FROM formation WHERE app_id = ? ORDER BY process',
      appId,
    )
    return Object.fromEntries(rows.map((row) => [String(row.process), Number(row.quantity)]))
  }

  replace(appId: string, formation: Formation): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM formation WHERE app_id = ?', appId)
      for (const [process, quantity] of Object.entries(formation)) {
        this.#database.run(
          'INSERT INTO formation (app_id, process, quantity) VALUES (?, ?, ?)',
          appId,
          process,
          quantity,
        )
      }
    })
  }
}
