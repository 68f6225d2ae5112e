import { chmodSync, closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { UnavailableError, UserError } from '../errors.ts'

export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * The instance's SQLite file: durable at each commit (WAL, synchronous=FULL) and locked for one process, so a
 * second server on the same home cannot start. All calls are synchronous and short.
 */
export class Database {
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  #depth = 0

  /** Opens or makes `path` and brings its schema up to date. Throws `UserError` where another server holds it. */
  constructor(path: string, migrations: string = join(import.meta.dirname, 'migrations')) {
    closeToOthers(path)
    this.#connection = new DatabaseSync(path)
    try {
      this.#connection.exec(
        // The kernel holds the file's pages already: a few of them once more do, in place of 2 MB.
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -256',
      )
      this.#migrate(migrations)
    } catch (cause) {
      this.#connection.close()
      if (!/locked/.test(String(cause))) throw cause
      throw new UserError(`Another server already runs on ${path}`, {
        cause,
        next: 'Stop it first: make down',
      })
    }
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return translated(() => this.#prepare(sql).get(...values))
  }

  /** Number of rows changed. Throws `UnavailableError` where the disk is full. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return translated(() => Number(this.#prepare(sql).run(...values).changes))
  }

  /** The row id that an INSERT made. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return translated(() => Number(this.#prepare(sql).run(...values).lastInsertRowid))
  }

  /** Runs `work` as one transaction: all of it lasts, or none. Nested calls join the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work()
    this.#connection.exec('BEGIN IMMEDIATE')
    this.#depth++
    try {
      const result = work()
      translated(() => this.#connection.exec('COMMIT'))
      return result
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth--
    }
  }

  /** Numbers of the changes that the schema has seen. */
  get migrations(): readonly number[] {
    return this.all('SELECT number FROM migration ORDER BY number').map((row) => Number(row.number))
  }

  /** Writes all of it, as it is now, into a new file. */
  copyTo(path: string): void {
    translated(() => this.#prepare('VACUUM INTO ?').run(path))
  }

  /** What was deleted or overwritten is in the files no more. */
  forgetDeleted(): void {
    translated(() => this.#connection.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'))
  }

  close(): void {
    this.#statements.clear()
    this.#connection.close()
  }

  #prepare(sql: string): ReturnType<DatabaseSync['prepare']> {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#connection.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Each file once, whichever others are there: branches that are merged later bring lower numbers. */
  #migrate(folder: string): void {
    this.#connection.exec('CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY) STRICT')
    // Earlier versions only counted: up to this number all were done.
    const counted = Number(this.get('PRAGMA user_version')?.user_version ?? 0)
    const done = new Set(this.all('SELECT number FROM migration').map((row) => Number(row.number)))
    for (const file of readdirSync(folder).sort()) {
      const number = Number.parseInt(file, 10)
      if (number <= counted || done.has(number)) continue
      this.transaction(() => {
        this.#connection.exec(readFileSync(join(folder, file), 'utf8'))
        this.run('INSERT INTO migration (number) VALUES (?)', number)
      })
    }
  }
}

/** Other users may enter the folder. What SQLite keeps beside its file gets that file's mode. */
function closeToOthers(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

// SQLITE_FULL, and SQLITE_IOERR with what it could not do in its upper bits.
const full = 13
const ioError = 10

/** A disk that takes no more is said as that. */
function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = Number((error as { errcode?: number }).errcode) & 0xff
    if (code !== full && code !== ioError) throw error
    throw new UnavailableError('The disk is full; nothing was changed', {
      next: 'An admin of the server sees what uses it with disk, and frees some with cleanup',
      cause: error,
    })
  }
}
