import type { Cipher } from './cipher.ts'
import type { Database } from './database.ts'

export type AcmeSetting = 'email' | 'server'

/** Which certificate authority is asked, and as whom; account keys are sealed. */
export class Acme {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  setting(name: AcmeSetting): string | undefined {
    const row = this.#database.get('SELECT value FROM acme_setting WHERE name = ?', name)
    return row && String(row.value)
  }

  /** undefined: by rule. */
  setSetting(name: AcmeSetting, value: string | undefined): void {
    if (value === undefined) this.#database.run('DELETE FROM acme_setting WHERE name = ?', name)
    else this.#database.run('INSERT OR REPLACE INTO acme_setting (name, value) VALUES (?, ?)', name, value)
  }

  /** PEM; undefined where there is no account at the authority with this directory yet. */
  accountKey(directory: string): string | undefined {
    const row = this.#database.get('SELECT private_key FROM acme_account WHERE server = ?', directory)
    return row && this.#cipher.open(row.private_key as Uint8Array, `acme/${directory}`)
  }

  addAccount(directory: string, privateKey: string): void {
    this.#database.run(
      'INSERT INTO acme_account (server, private_key) VALUES (?, ?)',
      directory,
      this.#cipher.seal(privateKey, `acme/${directory}`),
    )
  }
}
