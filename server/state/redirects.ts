import type { Database } from './database.ts'

/** Paths of apps that have moved. */
export class Redirects {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Path to where it has moved: a path, or a URL. */
  of(appId: string): Readonly<Record<string, string>> {
    const rows = this.#database.all('SELECT path, target FROM redirect WHERE app_id = ? ORDER BY path', appId)
    return Object.fromEntries(rows.map((row) => [String(row.path), String(row.target)]))
  }

  set(appId: string, path: string, target: string): void {
    this.#database.run(
      'INSERT OR REPLACE INTO redirect (app_id, path, target) VALUES (?, ?, ?)',
      appId,
      path,
      target,
    )
  }

  remove(appId: string, path: string): void {
    this.#database.run('DELETE FROM redirect WHERE app_id = ? AND path = ?', appId, path)
  }
}
