import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'
import type { ReleaseAppLink } from './releases.ts'

/** An app's way to the web processes of another, by a name that stays. */
export type AppLink = {
  readonly id: string
  readonly appId: string
  readonly targetId: string
  /** `API` gives API_URL and the host name `api.internal`. */
  readonly alias: string
  /** `removing`: the next release does not name it; it goes once no container needs it. */
  readonly state: 'creating' | 'ready' | 'removing'
  /** Of the link's own network, as `10.x.y.0/23`; null: it was not made yet. */
  readonly subnet: string | null
  readonly createdAt: string
}

/** Which apps are linked to which. What a release has stands in the release, by id. */
export class AppLinks {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** In the state `creating`. */
  add(link: Pick<AppLink, 'appId' | 'targetId' | 'alias'>): AppLink {
    const id = randomName(10)
    const createdAt = new Date().toISOString()
    this.#database.run(
      "INSERT INTO app_link (id, app_id, target_id, alias, state, created_at) VALUES (?, ?, ?, ?, 'creating', ?)",
      id,
      link.appId,
      link.targetId,
      link.alias,
      createdAt,
    )
    return { ...link, id, state: 'creating', subnet: null, createdAt }
  }

  byId(id: string): AppLink | undefined {
    return this.#database.all('SELECT * FROM app_link WHERE id = ?', id).map(toLink)[0]
  }

  /** In the order in which they were made. */
  of(appId: string): readonly AppLink[] {
    return this.#database.all('SELECT * FROM app_link WHERE app_id = ? ORDER BY rowid', appId).map(toLink)
  }

  to(targetId: string): readonly AppLink[] {
    return this.#database
      .all('SELECT * FROM app_link WHERE target_id = ? ORDER BY rowid', targetId)
      .map(toLink)
  }

  all(): readonly AppLink[] {
    return this.#database.all('SELECT * FROM app_link ORDER BY rowid').map(toLink)
  }

  /** What the app's next release names. */
  next(appId: string): readonly ReleaseAppLink[] {
    return this.of(appId)
      .filter(({ state }) => state === 'ready')
      .map(releaseAppLink)
  }

  setState(id: string, state: AppLink['state']): void {
    this.#database.run('UPDATE app_link SET state = ? WHERE id = ?', state, id)
  }

  setSubnet(id: string, subnet: string): void {
    this.#database.run('UPDATE app_link SET subnet = ? WHERE id = ?', subnet, id)
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM app_link WHERE id = ?', id)
  }
}

/** A link as a release names it. */
export const releaseAppLink = ({ id, alias }: AppLink): ReleaseAppLink => ({ id, alias })

const toLink = (row: Row): AppLink => ({
  id: String(row.id),
  appId: String(row.app_id),
  targetId: String(row.target_id),
  alias: String(row.alias),
  state: row.state as AppLink['state'],
  subnet: row.subnet === null ? null : String(row.subnet),
  createdAt: String(row.created_at),
})
