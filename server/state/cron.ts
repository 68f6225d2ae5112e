import type { CronEntry } from '../source/cron-entries.ts'
import type { Database, Row } from './database.ts'

/** One run of an entry, or one that was due and did not come to be. */
export type CronRun = {
  readonly id: number
  readonly appId: string
  /** The entry's id. */
  readonly entry: string
  readonly command: string
  /** null: somebody asked for it. */
  readonly dueAt: string | null
  readonly who: string
  readonly startedAt: string
  /** The one-off container's id: `x7k2ma` of `run.x7k2ma`; null: it has none. */
  readonly run: string | null
  readonly endedAt: string | null
  readonly outcome: CronOutcome | null
  readonly exitCode: number | null
  readonly message: string | null
}

export type CronOutcome = 'succeeded' | 'failed' | 'replaced' | 'skipped' | 'missed'

/** How many runs of an app are kept. */
const kept = 100

/** In place of an entry's id: all of the app's. */
const everyEntry = '*'

/** What runs by a schedule, and what has run. */
export class Cron {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The entries of all releases that serve, without those that are suspended. */
  active(): readonly { readonly appId: string; readonly entry: CronEntry }[] {
    const rows = this.#database.all(
      `SELECT app.id, release.cron FROM app JOIN release ON release.app_id = app.id AND release.version = app.release
       WHERE release.cron <> '[]' AND app.destroying = 0 AND app.stopped = 0`,
    )
    return rows.flatMap((row) => {
      const appId = String(row.id)
      const entries = JSON.parse(String(row.cron)) as readonly CronEntry[]
      return entries.filter(({ id }) => !this.isSuspended(appId, id)).map((entry) => ({ appId, entry }))
    })
  }

  isSuspended(appId: string, entry: string): boolean {
    return (
      this.#database.get(
        'SELECT 1 FROM cron_suspended WHERE app_id = ? AND entry IN (?, ?)',
        appId,
        entry,
        everyEntry,
      ) !== undefined
    )
  }

  /** @param entry undefined: all that the app has and will have */
  suspend(appId: string, entry: string | undefined): void {
    this.#database.run(
      'INSERT OR IGNORE INTO cron_suspended (app_id, entry) VALUES (?, ?)',
      appId,
      entry ?? everyEntry,
    )
  }

  /** @param entry undefined: all */
  resume(appId: string, entry: string | undefined): void {
    if (entry === undefined) this.#database.run('DELETE FROM cron_suspended WHERE app_id = ?', appId)
    else this.#database.run('DELETE FROM cron_suspended WHERE app_id = ? AND entry = ?', appId, entry)
  }

  /** Whether `suspend` without an entry was the last word. */
  isWhollySuspended(appId: string): boolean {
    return this.isSuspended(appId, everyEntry)
  }

  /** The app's oldest runs make room. */
  begin(run: Pick<CronRun, 'appId' | 'entry' | 'command' | 'dueAt' | 'who' | 'run'>): CronRun {
    const id = this.#database.insert(
      'INSERT INTO cron_run (app_id, entry, command, due_at, who, started_at, run) VALUES (?, ?, ?, ?, ?, ?, ?)',
      run.appId,
      run.entry,
      run.command,
      run.dueAt,
      run.who,
      new Date().toISOString(),
      run.run,
    )
    this.#database.run(
      `DELETE FROM cron_run WHERE app_id = ? AND ended_at IS NOT NULL AND id <=
       (SELECT id FROM cron_run WHERE app_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      run.appId,
      run.appId,
      kept,
    )
    const found = this.find(id)
    if (!found) throw new Error(`The run ${id} was not kept`)
    return found
  }

  /** False where it had ended before. */
  end(
    id: number,
    outcome: CronOutcome,
    { exitCode = null, message = null }: { exitCode?: number | null; message?: string | null } = {},
  ): boolean {
    const changed = this.#database.run(
      'UPDATE cron_run SET ended_at = ?, outcome = ?, exit_code = ?, message = ? WHERE id = ? AND ended_at IS NULL',
      new Date().toISOString(),
      outcome,
      exitCode,
      message,
      id,
    )
    return changed > 0
  }

  find(id: number): CronRun | undefined {
    const row = this.#database.get('SELECT * FROM cron_run WHERE id = ?', id)
    return row && toRun(row)
  }

  /** Newest first; of one entry where that is given. */
  of(appId: string, limit: number, entry?: string): readonly CronRun[] {
    return this.#database
      .all(
        'SELECT * FROM cron_run WHERE app_id = ? AND entry = coalesce(?, entry) ORDER BY id DESC LIMIT ?',
        appId,
        entry ?? null,
        limit,
      )
      .map(toRun)
  }

  /** Those that have not ended. */
  open(): readonly CronRun[] {
    return this.#database.all('SELECT * FROM cron_run WHERE ended_at IS NULL ORDER BY id').map(toRun)
  }

  /** Up to when all that was due has a run; undefined: nobody has looked yet. */
  seenUntil(): Date | undefined {
    const row = this.#database.get('SELECT until FROM cron_seen')
    return row && new Date(String(row.until))
  }

  setSeenUntil(until: Date): void {
    this.#database.run('INSERT OR REPLACE INTO cron_seen (id, until) VALUES (1, ?)', until.toISOString())
  }
}

function toRun(row: Row): CronRun {
  const text = (value: Row[string]): string | null => (value === null ? null : String(value))
  return {
    id: Number(row.id),
    appId: String(row.app_id),
    entry: String(row.entry),
    command: String(row.command),
    dueAt: text(row.due_at ?? null),
    who: String(row.who),
    startedAt: String(row.started_at),
    run: text(row.run ?? null),
    endedAt: text(row.ended_at ?? null),
    outcome: row.outcome as CronOutcome | null,
    exitCode: row.exit_code === null ? null : Number(row.exit_code),
    message: text(row.message ?? null),
  }
}
