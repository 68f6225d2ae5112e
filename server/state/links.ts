import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'
import type { ReleaseLink } from './releases.ts'

/** An app's way into a service: a user of its own, which works from the app's own network alone. */
export type Link = {
  readonly id: string
  readonly serviceId: string
  readonly appId: string
  /** Prefix of its config vars: `BLUE` gives BLUE_DATABASE_URL. */
  readonly alias: string
  /** Its config vars come without a prefix too. */
  readonly primary: boolean
  /** `removing`: the next release does not name it; its user goes once no container needs it. */
  readonly state: 'creating' | 'ready' | 'removing'
  /** The app's network, as `10.x.y.0/24`. */
  readonly subnet: string
  readonly user: string
  readonly password: string
}

/** Which apps are linked to which services. What a release has stands in the release, by id. */
export class Links {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  add(link: Link): void {
    this.#database.run(
      'INSERT INTO service_link (id, service_id, app_id, alias, is_primary, state, subnet, user, password) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      link.id,
      link.serviceId,
      link.appId,
      link.alias,
      link.primary ? 1 : 0,
      link.state,
      link.subnet,
      link.user,
      this.#cipher.seal(link.password, `link/${link.id}`),
    )
  }

  byId(id: string): Link | undefined {
    return this.#database.all('SELECT * FROM service_link WHERE id = ?', id).map(this.#toLink)[0]
  }

  /** In the order in which they were made. */
  of(appId: string): readonly Link[] {
    return this.#database
      .all('SELECT * FROM service_link WHERE app_id = ? ORDER BY rowid', appId)
      .map(this.#toLink)
  }

  to(serviceId: string): readonly Link[] {
    return this.#database
      .all('SELECT * FROM service_link WHERE service_id = ? ORDER BY rowid', serviceId)
      .map(this.#toLink)
  }

  all(): readonly Link[] {
    return this.#database.all('SELECT * FROM service_link ORDER BY rowid').map(this.#toLink)
  }

  /** What the app's next release names. */
  next(appId: string): readonly ReleaseLink[] {
    return this.of(appId)
      .filter((link) => link.state === 'ready')
      .map(releaseLink)
  }

  setState(id: string, state: Link['state']): void {
    this.#database.run('UPDATE service_link SET state = ? WHERE id = ?', state, id)
  }

  /** Makes `id` the only primary link of the app; undefined: there is none. */
  setPrimary(appId: string, id: string | undefined): void {
    this.#database.run('UPDATE service_link SET is_primary = (id = ?) WHERE app_id = ?', id ?? '', appId)
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM service_link WHERE id = ?', id)
  }

  readonly #toLink = (row: Row): Link => {
    const id = String(row.id)
    return {
      id,
      serviceId: String(row.service_id),
      appId: String(row.app_id),
      alias: String(row.alias),
      primary: row.is_primary === 1,
      state: row.state as Link['state'],
      subnet: String(row.subnet),
      user: String(row.user),
      password: this.#cipher.open(row.password as Uint8Array, `link/${id}`),
    }
  }
}

/** A link as a release names it: by id, without a value. */
export const releaseLink = ({ id, alias, primary }: Link): ReleaseLink => ({ id, alias, primary })
