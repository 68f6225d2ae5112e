import type { AppLink } from './app-links.ts'
import type { Cipher } from './cipher.ts'
import type { ConfigVars } from './config.ts'
import type { Database } from './database.ts'
import type { Formation } from './releases.ts'

/** How an app stands: all that a change of it may change and `undo` can bring back. */
export type Standing = {
  /** With what is pending. */
  readonly config: ConfigVars
  readonly formation: Formation
  readonly domains: readonly string[]
  readonly domainsSet: boolean
  readonly port: number | null
  readonly release: number | null
  /** To other apps, with what is pending; an earlier version of this server did not keep them. */
  readonly appLinks?: readonly LinkStanding[]
}

export type LinkStanding = Pick<AppLink, 'targetId' | 'alias'>

export type LastChange = {
  /** The job that made it. */
  readonly deployId: number
  readonly who: string
  readonly at: string
  readonly before: Standing
}

/** Each app's last change, and how the app stood before it; one an app. */
export class LastChanges {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  /** Part of the transaction in which the app changes. */
  replace(appId: string, change: Omit<LastChange, 'at'>): void {
    this.#database.run(
      'INSERT OR REPLACE INTO last_change (app_id, deploy_id, who, at, before) VALUES (?, ?, ?, ?, ?)',
      appId,
      change.deployId,
      change.who,
      new Date().toISOString(),
      this.#cipher.seal(JSON.stringify(change.before), `${appId}/last-change`),
    )
  }

  of(appId: string): LastChange | undefined {
    const row = this.#database.get('SELECT * FROM last_change WHERE app_id = ?', appId)
    if (!row) return undefined
    const before = this.#cipher.open(row.before as Uint8Array, `${appId}/last-change`)
    return {
      deployId: Number(row.deploy_id),
      who: String(row.who),
      at: String(row.at),
      before: JSON.parse(before) as Standing,
    }
  }
}
