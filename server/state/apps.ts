import { NoSuchAppError, UserError } from '../errors.ts'
import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'

/** The unit that is pushed. Its id never changes; its name is only display and domain. */
export type App = {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  /** Pushes to this branch deploy; null until the first push of main or master. */
  readonly deployBranch: string | null
  /** Set with `ports:set`; null: by rule (config PORT, the image's lowest exposed port, 5000). */
  readonly port: number | null
  /** The app's own network, as `10.x.y.0/24`. */
  readonly subnet: string | null
  /** `ps:stop` was typed: nothing runs until `ps:start`. */
  readonly stopped: boolean
  /** Version of the release that serves; null before the first. */
  readonly release: number | null
  /** True once its domains were set by hand: then `NAME.DOMAIN` is no longer added by itself. */
  readonly domainsSet: boolean
  readonly destroying: boolean
  /** What becomes of a deploy that has begun when the connection that asked for it is lost. */
  readonly onDisconnect: OnDisconnect
  /** How its tree is built; null: by rule. */
  readonly builder: Builder
  /** What is kept of its releases' images; null: as the server's settings say. */
  readonly retention: Retention
  /** How many bytes of its log are kept; null: as the server's settings say. */
  readonly logBytes: number | null
}

export type Retention = {
  /** How many images, the one that serves among them. */
  readonly keep: number | null
  /** Bytes that all of them may take, layers that they share counted once. */
  readonly budgetBytes: number | null
}

export type OnDisconnect = 'cancel' | 'detach'

export type Builder = {
  /** The folder of the commit that is the build's tree: `apps/web`; null: the root. */
  readonly buildDir: string | null
  /** Within that folder; null: `Dockerfile`. */
  readonly dockerfilePath: string | null
  /** `dockerfile` or a buildpack's name; null: the first that fits. */
  readonly selected: string | null
}

const namePattern = /^[a-z0-9][a-z0-9-]{0,30}$/

/** `name` where it may name an app. Throws `UserError`; a bad name is refused, never mended. */
export function parseAppName(name: string): string {
  if (namePattern.test(name)) return name
  throw new UserError(`"${name.slice(0, 60)}" cannot be an app's name`, {
    next: 'Use 1 to 31 lower-case letters, digits and dashes, the first no dash: blog, shop-2',
  })
}

export class Apps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Throws `UserError` where the name is taken or malformed. */
  create(name: string): App {
    const id = randomName(10)
    if (this.find(parseAppName(name)))
      throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
    this.#database.run(
      'INSERT INTO app (id, name, created_at) VALUES (?, ?, ?)',
      id,
      name,
      new Date().toISOString(),
    )
    return this.byId(id)
  }

  find(name: string): App | undefined {
    return toApp(this.#database.get('SELECT * FROM app WHERE name = ?', name))
  }

  /** Throws `NoSuchAppError` where it is gone. */
  byId(id: string): App {
    const app = toApp(this.#database.get('SELECT * FROM app WHERE id = ?', id))
    if (!app) throw new NoSuchAppError(id)
    return app
  }

  exists(id: string): boolean {
    return this.#database.get('SELECT 1 FROM app WHERE id = ?', id) !== undefined
  }

  list(): readonly App[] {
    return this.#database.all('SELECT * FROM app ORDER BY name').flatMap((row) => toApp(row) ?? [])
  }

  rename(id: string, name: string): void {
    if (this.find(parseAppName(name)))
      throw new UserError(`The name "${name}" is taken`, { next: 'Choose another name' })
    this.#database.run('UPDATE app SET name = ? WHERE id = ?', name, id)
  }

  setDeployBranch(id: string, branch: string): void {
    this.#database.run('UPDATE app SET deploy_branch = ? WHERE id = ?', branch, id)
  }

  setOnDisconnect(id: string, what: OnDisconnect): void {
    this.#database.run('UPDATE app SET on_disconnect = ? WHERE id = ?', what === 'detach' ? what : null, id)
  }

  setPort(id: string, port: number | null): void {
    this.#database.run('UPDATE app SET port = ? WHERE id = ?', port, id)
  }

  setBuilder(id: string, builder: Builder): void {
    this.#database.run(
      'UPDATE app SET build_dir = ?, dockerfile_path = ?, builder = ? WHERE id = ?',
      builder.buildDir,
      builder.dockerfilePath,
      builder.selected,
      id,
    )
  }

  setRetention(id: string, { keep, budgetBytes }: Retention): void {
    this.#database.run(
      'UPDATE app SET keep_releases = ?, image_budget = ? WHERE id = ?',
      keep,
      budgetBytes,
      id,
    )
  }

  setLogBytes(id: string, bytes: number | null): void {
    this.#database.run('UPDATE app SET log_bytes = ? WHERE id = ?', bytes, id)
  }

  setSubnet(id: string, subnet: string | null): void {
    this.#database.run('UPDATE app SET subnet = ? WHERE id = ?', subnet, id)
  }

  setStopped(id: string, stopped: boolean): void {
    this.#database.run('UPDATE app SET stopped = ? WHERE id = ?', stopped ? 1 : 0, id)
  }

  setRelease(id: string, version: number): void {
    this.#database.run('UPDATE app SET release = ? WHERE id = ?', version, id)
  }

  setDomainsSet(id: string, set: boolean): void {
    this.#database.run('UPDATE app SET domains_set = ? WHERE id = ?', set ? 1 : 0, id)
  }

  setDestroying(id: string): void {
    this.#database.run('UPDATE app SET destroying = 1 WHERE id = ?', id)
  }

  /** The next host number in the app's /24: 2 to 190 in turn, so an address is not used again soon. */
  nextAddressNumber(id: string): number {
    const row = this.#database.get(
      'UPDATE app SET next_address = CASE WHEN next_address >= 190 THEN 2 ELSE next_address + 1 END WHERE id = ? RETURNING next_address',
      id,
    )
    return Number(row?.next_address)
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM app WHERE id = ?', id)
  }
}

function toApp(row: Row | undefined): App | undefined {
  if (!row) return undefined
  return {
    id: String(row.id),
    name: String(row.name),
    createdAt: String(row.created_at),
    deployBranch: row.deploy_branch === null ? null : String(row.deploy_branch),
    port: row.port === null ? null : Number(row.port),
    subnet: row.subnet === null ? null : String(row.subnet),
    stopped: row.stopped === 1,
    release: row.release === null ? null : Number(row.release),
    domainsSet: row.domains_set === 1,
    destroying: row.destroying === 1,
    onDisconnect: row.on_disconnect === 'detach' ? 'detach' : 'cancel',
    builder: {
      buildDir: row.build_dir === null ? null : String(row.build_dir),
      dockerfilePath: row.dockerfile_path === null ? null : String(row.dockerfile_path),
      selected: row.builder === null ? null : String(row.builder),
    },
    retention: {
      keep: row.keep_releases === null ? null : Number(row.keep_releases),
      budgetBytes: row.image_budget === null ? null : Number(row.image_budget),
    },
    logBytes: row.log_bytes === null ? null : Number(row.log_bytes),
  }
}
