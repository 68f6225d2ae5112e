import type { Database, Row } from './database.ts'

/** How a container ended, or was ended because it was not well. */
export type ContainerEnd = {
  readonly startedAt: string | null
  readonly at: string
  /** `exited with code 3`, `was killed: out of memory (limit 512 MB)` */
  readonly how: string
  readonly code: number | null
  readonly oomKilled: boolean
  readonly lastLines: readonly string[]
}

/** One container that should run (or is being started or retired). */
export type Container = {
  /** Docker's name for it; unique for ever. */
  readonly name: string
  readonly appId: string
  readonly version: number
  readonly process: string
  readonly number: number
  /** IPv4 address in the app's own network. */
  readonly address: string
  /** Docker's name of the container whose network namespace it is in; its own where it has one by itself. */
  readonly sandbox: string
  readonly state: 'starting' | 'live' | 'retiring'
  readonly deployId: number | null
  /** How often it was started again in a row. */
  readonly restarts: number
  /** Why it is not started again; null while it is. */
  readonly crashed: string | null
  /** The last time that it ended by itself; null: never. */
  readonly lastEnd: ContainerEnd | null
}

export class Containers {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Written before Docker makes it, so that what Docker has and we do not know is a stray. */
  add(container: Omit<Container, 'restarts' | 'crashed' | 'lastEnd'>): void {
    this.#database.run(
      'INSERT INTO container (name, app_id, version, process, number, address, sandbox, state, deploy_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      container.name,
      container.appId,
      container.version,
      container.process,
      container.number,
      container.address,
      container.sandbox,
      container.state,
      container.deployId,
    )
  }

  find(name: string): Container | undefined {
    const row = this.#database.get('SELECT * FROM container WHERE name = ?', name)
    return row && toContainer(row)
  }

  inSandbox(sandbox: string): Container | undefined {
    const row = this.#database.get('SELECT * FROM container WHERE sandbox = ?', sandbox)
    return row && toContainer(row)
  }

  of(appId: string, state?: Container['state']): readonly Container[] {
    return this.#database
      .all(
        'SELECT * FROM container WHERE app_id = ? ORDER BY process = ? DESC, process, number, version',
        appId,
        'web',
      )
      .map(toContainer)
      .filter((container) => !state || container.state === state)
  }

  all(): readonly Container[] {
    return this.#database.all('SELECT * FROM container ORDER BY app_id, process, number').map(toContainer)
  }

  setState(names: readonly string[], state: Container['state']): void {
    for (const name of names) this.#database.run('UPDATE container SET state = ? WHERE name = ?', state, name)
  }

  setRestarts(name: string, restarts: number): void {
    this.#database.run('UPDATE container SET restarts = ? WHERE name = ?', restarts, name)
  }

  setCrashed(name: string, reason: string | null): void {
    this.#database.run('UPDATE container SET crashed = ? WHERE name = ?', reason, name)
  }

  setLastEnd(name: string, end: ContainerEnd): void {
    this.#database.run('UPDATE container SET last_end = ? WHERE name = ?', JSON.stringify(end), name)
  }

  delete(name: string): void {
    this.#database.run('DELETE FROM container WHERE name = ?', name)
  }
}

function toContainer(row: Row): Container {
  return {
    name: String(row.name),
    appId: String(row.app_id),
    version: Number(row.version),
    process: String(row.process),
    number: Number(row.number),
    address: String(row.address),
    sandbox: String(row.sandbox),
    state: row.state as Container['state'],
    deployId: row.deploy_id === null ? null : Number(row.deploy_id),
    restarts: Number(row.restarts),
    crashed: row.crashed === null ? null : String(row.crashed),
    lastEnd: row.last_end === null ? null : (JSON.parse(String(row.last_end)) as ContainerEnd),
  }
}
