import { UserError } from '../errors.ts'
import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'

/** A backing resource: a database on the instance's MySQL server, say. */
export type Service = {
  readonly id: string
  /** The folder in server/services that knows it, and the topic of its commands. */
  readonly kind: string
  readonly name: string
  /** Who made it; null once that person is gone. */
  readonly ownerId: string | null
  /** Only what is `ready` exists for people; the other two are undone or finished at the next occasion. */
  readonly state: 'creating' | 'ready' | 'destroying'
  readonly database: string
  /** The service's own user, for us alone: export, import, connect. Each link has another. */
  readonly user: string
  readonly password: string
  readonly createdAt: string
}

/** `name` where it may name a service. Throws `UserError`; a bad name is refused, never mended. */
export function parseServiceName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) return name
  throw new UserError(`"${name.slice(0, 60)}" cannot be a service's name`, {
    next: 'Use 1 to 31 lower-case letters, digits and dashes, the first no dash: blog, shop-2',
  })
}

/** What databases and the like there are, with their passwords sealed. */
export class Services {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  /** Throws `UserError` where the name is malformed or taken. */
  add(service: Service): void {
    if (this.find(service.kind, parseServiceName(service.name)))
      throw new UserError(`The name "${service.name}" is taken`, { next: 'Choose another name' })
    this.#database.run(
      'INSERT INTO service (id, kind, name, owner_id, state, database, user, password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      service.id,
      service.kind,
      service.name,
      service.ownerId,
      service.state,
      service.database,
      service.user,
      this.#cipher.seal(service.password, `service/${service.id}`),
      service.createdAt,
    )
  }

  find(kind: string, name: string): Service | undefined {
    return this.#toService(
      this.#database.get('SELECT * FROM service WHERE kind = ? AND name = ?', kind, name),
    )
  }

  byId(id: string): Service | undefined {
    return this.#toService(this.#database.get('SELECT * FROM service WHERE id = ?', id))
  }

  list(kind: string): readonly Service[] {
    return this.#database
      .all('SELECT * FROM service WHERE kind = ? ORDER BY name', kind)
      .flatMap((row) => this.#toService(row) ?? [])
  }

  /** Of every kind, what is wholly there. */
  ready(): readonly Service[] {
    return this.#database
      .all("SELECT * FROM service WHERE state = 'ready' ORDER BY id")
      .flatMap((row) => this.#toService(row) ?? [])
  }

  /** What is half-made or half-gone. */
  unsettled(): readonly Service[] {
    return this.#database
      .all("SELECT * FROM service WHERE state <> 'ready' ORDER BY id")
      .flatMap((row) => this.#toService(row) ?? [])
  }

  setState(id: string, state: Service['state']): void {
    this.#database.run('UPDATE service SET state = ? WHERE id = ?', state, id)
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM service WHERE id = ?', id)
  }

  #toService(row: Row | undefined): Service | undefined {
    if (!row) return undefined
    const id = String(row.id)
    return {
      id,
      kind: String(row.kind),
      name: String(row.name),
      ownerId: row.owner_id === null ? null : String(row.owner_id),
      state: row.state as Service['state'],
      database: String(row.database),
      user: String(row.user),
      password: this.#cipher.open(row.password as Uint8Array, `service/${id}`),
      createdAt: String(row.created_at),
    }
  }
}
