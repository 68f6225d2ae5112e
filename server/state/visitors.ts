import type { Database } from './database.ts'

/** Who may visit an app that asks for a name and a password. */
export class Visitors {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Name to `visitorDigest`; none: everybody may. */
  of(appId: string): Readonly<Record<string, string>> {
    const rows = this.#database.all('SELECT name, digest FROM visitor WHERE app_id = ? ORDER BY name', appId)
    return Object.fromEntries(rows.map((row) => [String(row.name), String(row.digest)]))
  }

  set(appId: string, name: string, digest: string): void {
    this.#database.run(
      'INSERT OR REPLACE INTO visitor (app_id, name, digest) VALUES (?, ?, ?)',
      appId,
      name,
      digest,
    )
  }

  remove(appId: string, name: string): void {
    this.#database.run('DELETE FROM visitor WHERE app_id = ? AND name = ?', appId, name)
  }
}
