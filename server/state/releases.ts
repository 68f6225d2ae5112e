import type { Checks } from '../checks/check.ts'
import type { CronEntry } from '../source/cron-entries.ts'
import type { Cipher } from './cipher.ts'
import type { ConfigVars } from './config.ts'
import type { Database, Row } from './database.ts'

/** Process type -> its command line from the Procfile; null: the image's own command. */
export type Processes = Readonly<Record<string, string | null>>

/** Process type -> how many containers of it. */
export type Formation = Readonly<Record<string, number>>

/** A link that a release names; what it gives the app is resolved when a container starts. */
export type ReleaseLink = { readonly id: string; readonly alias: string; readonly primary: boolean }

/** A link to another app that a release names. */
export type ReleaseAppLink = { readonly id: string; readonly alias: string }

/** Image + config + process types + checks, numbered v1, v2, ...; immutable. */
export type Release = {
  readonly appId: string
  readonly version: number
  /** Docker image id, `sha256:...` */
  readonly image: string
  readonly commit: string | null
  readonly config: ConfigVars
  /** Names of config vars that all apps share; their values are resolved when a container starts. */
  readonly shared: readonly string[]
  readonly links: readonly ReleaseLink[]
  /** Links to other apps. */
  readonly appLinks: readonly ReleaseAppLink[]
  readonly processes: Processes
  readonly checks: Checks
  /** What runs by a schedule. */
  readonly cron: readonly CronEntry[]
  /** As it was when the release was made; `scale` changes the app's, not this. */
  readonly formation: Formation
  readonly port: number
  /** The image has an ENTRYPOINT: a Procfile line's words are its arguments. */
  readonly entrypoint: boolean
  readonly description: string
  readonly createdBy: string
  readonly createdAt: string
}

/** A release as it is kept: what has become of it since. */
export type StoredRelease = Release & {
  /** Its image was removed to make room: nothing can be brought back from it. */
  readonly imageGone: boolean
  /** It died within a minute of its swap, and the server went back from it. */
  readonly died: boolean
  /** What ran once for it before it served: `release command`. */
  readonly tasks: readonly string[]
}

export class Releases {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  /** The number that the app's next release gets. */
  nextVersion(appId: string): number {
    const row = this.#database.get(
      'SELECT coalesce(max(version), 0) AS last FROM release WHERE app_id = ?',
      appId,
    )
    return Number(row?.last) + 1
  }

  add(release: Release): void {
    this.#database.run(
      `INSERT INTO release (app_id, version, image, commit_id, config, shared, links, app_links, processes, checks, cron, formation, port, entrypoint, description, created_by, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      release.appId,
      release.version,
      release.image,
      release.commit,
      this.#cipher.seal(JSON.stringify(release.config), `${release.appId}/v${release.version}`),
      JSON.stringify(release.shared),
      JSON.stringify(release.links),
      JSON.stringify(release.appLinks),
      JSON.stringify(release.processes),
      JSON.stringify(release.checks),
      JSON.stringify(release.cron),
      JSON.stringify(release.formation),
      release.port,
      release.entrypoint ? 1 : 0,
      release.description,
      release.createdBy,
      release.createdAt,
    )
  }

  find(appId: string, version: number): StoredRelease | undefined {
    return this.#toRelease(
      this.#database.get('SELECT * FROM release WHERE app_id = ? AND version = ?', appId, version),
    )
  }

  /** Newest first. */
  list(appId: string, limit = 1000): readonly StoredRelease[] {
    const rows = this.#database.all(
      'SELECT * FROM release WHERE app_id = ? ORDER BY version DESC LIMIT ?',
      appId,
      limit,
    )
    return rows.flatMap((row) => this.#toRelease(row) ?? [])
  }

  /** Without the cost of the whole release; empty where it is gone. */
  checksOf(appId: string, version: number): Checks {
    const row = this.#database.get(
      'SELECT checks FROM release WHERE app_id = ? AND version = ?',
      appId,
      version,
    )
    return JSON.parse(String(row?.checks ?? '{}')) as Checks
  }

  /** Every image that a release stands on and may be brought back from: what no clean-up may touch. */
  images(): ReadonlySet<string> {
    const rows = this.#database.all('SELECT DISTINCT image FROM release WHERE image_gone = 0')
    return new Set(rows.map((row) => String(row.image)))
  }

  /** The images of an app's releases, the one that was released last first; without those that are gone. */
  imagesOf(appId: string): readonly string[] {
    const rows = this.#database.all(
      'SELECT image FROM release WHERE app_id = ? AND image_gone = 0 GROUP BY image ORDER BY max(version) DESC',
      appId,
    )
    return rows.map((row) => String(row.image))
  }

  /** From now on nothing can be brought back from the app's releases that stand on `images`. */
  forgetImages(appId: string, images: readonly string[]): void {
    this.#database.transaction(() => {
      for (const image of images)
        this.#database.run('UPDATE release SET image_gone = 1 WHERE app_id = ? AND image = ?', appId, image)
    })
  }

  setTasks(appId: string, version: number, tasks: readonly string[]): void {
    this.#database.run(
      'UPDATE release SET tasks = ? WHERE app_id = ? AND version = ?',
      JSON.stringify(tasks),
      appId,
      version,
    )
  }

  setDied(appId: string, version: number): void {
    this.#database.run('UPDATE release SET died = 1 WHERE app_id = ? AND version = ?', appId, version)
  }

  delete(appId: string, version: number): void {
    this.#database.run('DELETE FROM release WHERE app_id = ? AND version = ?', appId, version)
  }

  #toRelease(row: Row | undefined): StoredRelease | undefined {
    if (!row) return undefined
    const appId = String(row.app_id)
    const version = Number(row.version)
    return {
      appId,
      version,
      image: String(row.image),
      commit: row.commit_id === null ? null : String(row.commit_id),
      config: JSON.parse(this.#cipher.open(row.config as Uint8Array, `${appId}/v${version}`)) as ConfigVars,
      shared: JSON.parse(String(row.shared)) as readonly string[],
      links: JSON.parse(String(row.links)) as readonly ReleaseLink[],
      appLinks: JSON.parse(String(row.app_links)) as readonly ReleaseAppLink[],
      processes: JSON.parse(String(row.processes)) as Processes,
      checks: JSON.parse(String(row.checks)) as Checks,
      cron: JSON.parse(String(row.cron)) as readonly CronEntry[],
      formation: JSON.parse(String(row.formation)) as Formation,
      port: Number(row.port),
      entrypoint: row.entrypoint === 1,
      description: String(row.description),
      createdBy: String(row.created_by),
      createdAt: String(row.created_at),
      imageGone: row.image_gone === 1,
      died: row.died === 1,
      tasks: JSON.parse(String(row.tasks)) as readonly string[],
    }
  }
}
