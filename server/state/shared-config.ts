import type { Cipher } from './cipher.ts'
import { parseConfigName, type Variables } from './config.ts'
import type { Database } from './database.ts'

/** Config vars that every app has beside its own. A release names those it takes; their values are today's. */
export class SharedConfig {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  all(): Variables {
    const rows = this.#database.all('SELECT name, value FROM shared_var ORDER BY name')
    return Object.fromEntries(
      rows.map((row) => [String(row.name), this.#cipher.open(row.value as Uint8Array, `shared/${row.name}`)]),
    )
  }

  /** In alphabetical order. */
  names(): readonly string[] {
    return this.#database.all('SELECT name FROM shared_var ORDER BY name').map((row) => String(row.name))
  }

  /** Those of `names` that there still are. */
  of(names: readonly string[]): Variables {
    if (names.length === 0) return {}
    return Object.fromEntries(Object.entries(this.all()).filter(([name]) => names.includes(name)))
  }

  /** Makes `vars` all of them. */
  replace(vars: Variables): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM shared_var')
      for (const [name, value] of Object.entries(vars)) {
        const sealed = this.#cipher.seal(value, `shared/${parseConfigName(name)}`)
        this.#database.run('INSERT INTO shared_var (name, value) VALUES (?, ?)', name, sealed)
      }
    })
  }
}
