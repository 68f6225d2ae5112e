import type { Database } from './database.ts'

/** Of the machine, for one container; null: by rule. */
export type Share = { readonly cpus: number | null; readonly memoryBytes: number | null }

/** What a container may use at most, and what it is to have where the machine is short of it. */
export type Resource = { readonly limit: Share; readonly reserve: Share }

/** By process type; `*`: what holds for every type without a word of its own. */
export type ResourcesOfApp = Readonly<Record<string, Resource>>

/** What one container is started with. */
export type Limits = {
  readonly memoryBytes: number
  readonly cpus: number
  readonly pids: number
  readonly reservedMemoryBytes?: number
  readonly reservedCpus?: number
}

/** What holds where nobody says otherwise. */
export const defaultLimits = { memoryBytes: 512 * 1024 * 1024, cpus: 1, pids: 256 } as const

/** One-off containers (`run`, the tasks of a deploy) are of this process type. */
export const oneOffType = 'run'

export const noResource: Resource = {
  limit: { cpus: null, memoryBytes: null },
  reserve: { cpus: null, memoryBytes: null },
}

export class Resources {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): ResourcesOfApp {
    const rows = this.#database.all('SELECT * FROM resource WHERE app_id = ? ORDER BY process', appId)
    const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
    return Object.fromEntries(
      rows.map((row) => [
        String(row.process),
        {
          limit: { cpus: number(row.cpus), memoryBytes: number(row.memory_bytes) },
          reserve: { cpus: number(row.reserved_cpus), memoryBytes: number(row.reserved_memory_bytes) },
        },
      ]),
    )
  }

  replace(appId: string, resources: ResourcesOfApp): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM resource WHERE app_id = ?', appId)
      for (const [process, { limit, reserve }] of Object.entries(resources)) {
        this.#database.run(
          `INSERT INTO resource (app_id, process, cpus, memory_bytes, reserved_cpus, reserved_memory_bytes)
           VALUES (?, ?, ?, ?, ?, ?)`,
          appId,
          process,
          limit.cpus,
          limit.memoryBytes,
          reserve.cpus,
          reserve.memoryBytes,
        )
      }
    })
  }
}

/** What a container of `process` is started with: the type's own word, else that for all, else the rule. */
export function limitsOf(resources: ResourcesOfApp, process: string): Limits {
  const own = resourceOf(resources, process)
  const all = resourceOf(resources, '*')
  const reservedMemoryBytes = own.reserve.memoryBytes ?? all.reserve.memoryBytes
  const reservedCpus = own.reserve.cpus ?? all.reserve.cpus
  return {
    memoryBytes: own.limit.memoryBytes ?? all.limit.memoryBytes ?? defaultLimits.memoryBytes,
    cpus: own.limit.cpus ?? all.limit.cpus ?? defaultLimits.cpus,
    pids: defaultLimits.pids,
    ...(reservedMemoryBytes === null ? {} : { reservedMemoryBytes }),
    ...(reservedCpus === null ? {} : { reservedCpus }),
  }
}

/** A process type may be called `constructor`. */
export const resourceOf = (resources: ResourcesOfApp, process: string): Resource =>
  (Object.hasOwn(resources, process) ? resources[process] : undefined) ?? noResource
