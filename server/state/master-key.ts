import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { UserError } from '../errors.ts'
import { writeFileAtomically } from '../files.ts'
import { type Cipher, readKey } from './cipher.ts'
import type { Database } from './database.ts'

/**
 * Every column of the store that is sealed, with the context that its values are sealed for, as SQL: BLOB is kept for
 * these, and one that is missing here makes a rotation refuse.
 */
const sealedColumns = [
  { table: 'master_key', column: 'proof', context: "'master-key'" },
  { table: 'config_var', column: 'value', context: "app_id || '/' || name" },
  { table: 'release', column: 'config', context: "app_id || '/v' || version" },
  { table: 'last_change', column: 'before', context: "app_id || '/last-change'" },
  { table: 'shared_var', column: 'value', context: "'shared/' || name" },
  { table: 'webhook', column: 'url', context: "'webhook/' || id || '/url'" },
  { table: 'webhook', column: 'secret', context: "'webhook/' || id || '/secret'" },
  { table: 'drain', column: 'url', context: "'drain/' || id" },
  { table: 'service', column: 'password', context: "'service/' || id" },
  { table: 'service_link', column: 'password', context: "'link/' || id" },
  { table: 'service_exposure', column: 'password', context: "'exposure/' || service_id" },
  { table: 'certificate', column: 'private_key', context: "'certificate/' || app_id" },
  { table: 'acme_account', column: 'private_key', context: "'acme/' || server" },
] as const

/** The key that the store's secrets are sealed with, in a file beside it, and how it is replaced. */
export class MasterKey {
  readonly #database: Database
  readonly #cipher: Cipher
  readonly #path: string
  readonly #nextPath: string

  /**
   * A rotation that was killed is ended: the key is the one that the store is written with. Throws `UserError` where
   * that is neither of the keys that are there.
   * @param parts.path where the key lies that `cipher` has
   */
  constructor(parts: { readonly database: Database; readonly cipher: Cipher; readonly path: string }) {
    this.#database = parts.database
    this.#cipher = parts.cipher
    this.#path = parts.path
    this.#nextPath = `${parts.path}.next`
    this.#settle()
  }

  /** Seals everything anew with a new key, while the server runs, and returns how many values that were. */
  rotate(): number {
    this.#assertAllKnown()
    const key = randomBytes(32)
    writeFileAtomically(this.#nextPath, `${key.toString('hex')}\n`, 0o600)
    const resealed = this.#reseal(key)
    // THE POINT OF NO RETURN was the commit in there: a start from here on finds the store written with the next key.
    this.#cipher.use(key)
    this.#promote(key)
    this.#database.forgetDeleted()
    return resealed
  }

  #settle(): void {
    const row = this.#database.get('SELECT proof FROM master_key')
    if (!row) this.#prove()
    else if (!this.#cipher.opens(row.proof as Uint8Array, 'master-key')) {
      const next = existsSync(this.#nextPath) ? readKey(this.#nextPath) : undefined
      if (next) this.#cipher.use(next)
      if (!next || !this.#cipher.opens(row.proof as Uint8Array, 'master-key'))
        throw new UserError(`${this.#path} is not the master key that this state store was written with`, {
          next: `Put the key back from your backup: ${this.#path}`,
        })
      this.#promote(next)
    }
    rmSync(this.#nextPath, { force: true })
  }

  #prove(): void {
    this.#database.run(
      'INSERT INTO master_key (id, proof) VALUES (1, ?)',
      this.#cipher.seal('this is the key', 'master-key'),
    )
  }

  #promote(key: Buffer): void {
    writeFileAtomically(this.#path, `${key.toString('hex')}\n`, 0o600)
    rmSync(this.#nextPath, { force: true })
  }

  #reseal(key: Buffer): number {
    try {
      return this.#database.transaction(() =>
        sealedColumns.reduce((count, column) => count + this.#resealColumn(column, key), 0),
      )
    } catch (error) {
      rmSync(this.#nextPath, { force: true })
      throw error
    }
  }

  #resealColumn({ table, column, context }: (typeof sealedColumns)[number], key: Buffer): number {
    const rows = this.#database.all(
      `SELECT rowid AS place, ${column} AS sealed, ${context} AS context FROM ${table} WHERE ${column} IS NOT NULL`,
    )
    const fresh = this.#cipher.withKey(key)
    for (const { place, sealed, context } of rows) {
      const text = this.#cipher.open(sealed as Uint8Array, String(context))
      this.#database.run(
        `UPDATE ${table} SET ${column} = ? WHERE rowid = ?`,
        fresh.seal(text, String(context)),
        Number(place),
      )
    }
    return rows.length
  }

  /** A sealed column that is not in the list would be lost with the old key. */
  #assertAllKnown(): void {
    const known = new Set(sealedColumns.map(({ table, column }) => `${table}.${column}`))
    const unknown = this.#database
      .all(
        "SELECT t.name AS name, c.name AS field FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type = 'BLOB'",
      )
      .map(({ name, field }) => `${name}.${field}`)
      .filter((column) => !known.has(column))
    if (unknown.length > 0) throw new Error(`sealedColumns lacks ${unknown.join(', ')}: nothing was changed`)
  }
}
