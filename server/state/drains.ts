import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'

/** A log drain: where copies of log lines are sent. */
export type Drain = {
  readonly id: string
  /** Whose lines; null: every app's. */
  readonly appId: string | null
  readonly url: string
  /** Also where the internet does not lead. */
  readonly allowPrivate: boolean
  /** RFC 3339: the time of the last line that was taken there. */
  readonly sentUntil: string
}

/** The log drains of all apps; URLs are sealed. */
export class Drains {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  all(): readonly Drain[] {
    return this.#database.all('SELECT * FROM drain ORDER BY rowid').map((row) => this.#toDrain(row))
  }

  /** @param appId null: those that take every app's lines */
  of(appId: string | null): readonly Drain[] {
    return this.#database
      .all('SELECT * FROM drain WHERE app_id IS ? ORDER BY rowid', appId)
      .map((row) => this.#toDrain(row))
  }

  /** From now on. */
  add(wanted: Pick<Drain, 'appId' | 'url' | 'allowPrivate'>): Drain {
    const drain: Drain = { ...wanted, id: randomName(8), sentUntil: new Date().toISOString() }
    this.#database.run(
      'INSERT INTO drain (id, app_id, url, allow_private, sent_until) VALUES (?, ?, ?, ?, ?)',
      drain.id,
      drain.appId,
      this.#cipher.seal(drain.url, `drain/${drain.id}`),
      drain.allowPrivate ? 1 : 0,
      drain.sentUntil,
    )
    return drain
  }

  remove(id: string): void {
    this.#database.run('DELETE FROM drain WHERE id = ?', id)
  }

  /** Nothing where the drain is gone. */
  setSentUntil(id: string, at: string): void {
    this.#database.run('UPDATE drain SET sent_until = ? WHERE id = ?', at, id)
  }

  #toDrain(row: Row): Drain {
    const id = String(row.id)
    return {
      id,
      appId: row.app_id === null ? null : String(row.app_id),
      url: this.#cipher.open(row.url as Uint8Array, `drain/${id}`),
      allowPrivate: row.allow_private === 1,
      sentUntil: String(row.sent_until),
    }
  }
}
