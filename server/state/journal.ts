import type { Database, Row } from './database.ts'

/** What changes an app goes through one at a time, under its lock. */
export type DeployKind =
  | 'push'
  | 'config'
  | 'rollback'
  | 'go-back'
  | 'restart'
  | 'scale'
  | 'stop'
  | 'start'
  | 'destroy'
  | 'image'
  | 'clone'
  | 'import'
  | 'rename'
  | 'domains'
  | 'link'
  | 'resources'
  | 'storage'

/** Whether such a job makes an app, which goes where the job does not come to its switch. */
export const makesApp = (kind: DeployKind): boolean => kind === 'clone' || kind === 'import'

export type Outcome = 'succeeded' | 'failed' | 'cancelled'

/** What whoever asked for a job was told at its end. */
export type Told = { readonly message: string | null; readonly exitCode: number }

/** What was said of a failure, for whoever asks later. */
export type Explanation = {
  readonly message: string
  readonly next: string | null
  readonly lastLines: readonly string[]
}

/** One journalled job: after a crash it is ended as old or new, by whether it had switched. */
export type DeployRecord = {
  readonly id: number
  readonly appId: string
  readonly kind: DeployKind
  readonly who: string
  readonly startedAt: string
  /** The last step that is done. */
  readonly step: string
  /** Past the point of no return: what is left is finished, not undone. */
  readonly switched: boolean
  readonly version: number | null
  readonly ref: { readonly name: string; readonly from: string; readonly to: string } | null
  readonly endedAt: string | null
  readonly outcome: Outcome | null
  /** What the command of whoever asked for it ended with; null: of an earlier version's job, or not ended. */
  readonly exitCode: number | null
  readonly message: string | null
  /** The point of no return; null before it. */
  readonly switchedAt: string | null
  readonly explanation: Explanation | null
}

/** So many ended jobs of an app are kept, and of all apps that are gone together. */
const keptJobs = 1_000

/** The newest jobs of each app, those under way, and whatever made a release that can still be brought back. */
export class Journal {
  readonly #database: Database
  readonly #keptJobs: number

  constructor(database: Database, options: { keptJobs?: number } = {}) {
    this.#database = database
    this.#keptJobs = options.keptJobs ?? keptJobs
  }

  begin(job: {
    appId: string
    kind: DeployKind
    who: string
    ref?: { name: string; from: string; to: string }
  }): number {
    return this.#database.transaction(() => {
      this.#forgetOld(job.appId)
      return this.#database.insert(
        'INSERT INTO deploy (app_id, kind, who, started_at, ref, ref_from, ref_to) VALUES (?, ?, ?, ?, ?, ?, ?)',
        job.appId,
        job.kind,
        job.who,
        new Date().toISOString(),
        job.ref?.name ?? null,
        job.ref?.from ?? null,
        job.ref?.to ?? null,
      )
    })
  }

  /** Forgets the jobs of an app that goes, the one that takes it away apart. */
  forgetApp(appId: string): void {
    this.#database.run('DELETE FROM deploy WHERE app_id = ? AND ended_at IS NOT NULL', appId)
    this.#database.run(
      `DELETE FROM deploy WHERE kind IN ('destroy', 'clone', 'import') AND ended_at IS NOT NULL
       AND app_id NOT IN (SELECT id FROM app) AND id <= (
         SELECT id FROM deploy WHERE kind IN ('destroy', 'clone', 'import') ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      this.#keptJobs,
    )
  }

  #forgetOld(appId: string): void {
    this.#database.run(
      `DELETE FROM deploy WHERE app_id = ? AND ended_at IS NOT NULL
       AND id <= (SELECT id FROM deploy WHERE app_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
       AND NOT EXISTS (SELECT 1 FROM release
         WHERE release.app_id = deploy.app_id AND release.version = deploy.version AND image_gone = 0)`,
      appId,
      appId,
      this.#keptJobs - 1,
    )
  }

  step(id: number, step: string): void {
    this.#database.run('UPDATE deploy SET step = ? WHERE id = ?', step, id)
  }

  setVersion(id: number, version: number): void {
    this.#database.run('UPDATE deploy SET version = ? WHERE id = ?', version, id)
  }

  setRef(id: number, ref: { name: string; from: string; to: string }): void {
    this.#database.run(
      'UPDATE deploy SET ref = ?, ref_from = ?, ref_to = ? WHERE id = ?',
      ref.name,
      ref.from,
      ref.to,
      id,
    )
  }

  /** Part of the transaction in which the release changes. */
  switched(id: number): void {
    this.#database.run(
      "UPDATE deploy SET switched = 1, step = 'switched', switched_at = ? WHERE id = ?",
      new Date().toISOString(),
      id,
    )
  }

  end(id: number, outcome: Outcome, told: Told): void {
    this.#database.run(
      'UPDATE deploy SET ended_at = ?, outcome = ?, message = ?, exit_code = ? WHERE id = ?',
      new Date().toISOString(),
      outcome,
      told.message,
      told.exitCode,
      id,
    )
  }

  /** How a job ended that has left something to be cleaned up: it stays open until that is done. */
  leave(id: number, told: Told): void {
    this.#database.run(
      'UPDATE deploy SET message = ?, exit_code = ? WHERE id = ?',
      told.message,
      told.exitCode,
      id,
    )
  }

  explain(id: number, explanation: Explanation): void {
    this.#database.run('UPDATE deploy SET explanation = ? WHERE id = ?', JSON.stringify(explanation), id)
  }

  /** The job that made `version` the one that serves; undefined where it is forgotten. */
  thatReleased(appId: string, version: number): DeployRecord | undefined {
    const row = this.#database.get(
      'SELECT * FROM deploy WHERE app_id = ? AND version = ? AND switched = 1 ORDER BY id DESC LIMIT 1',
      appId,
      version,
    )
    return row && toRecord(row)
  }

  /** Jobs that no one has ended: what a start after a crash must deal with. */
  open(): readonly DeployRecord[] {
    return this.#database.all('SELECT * FROM deploy WHERE ended_at IS NULL ORDER BY id').map(toRecord)
  }

  /** undefined: there has never been one of this number, or it is forgotten. */
  find(id: number): DeployRecord | undefined {
    const row = this.#database.get('SELECT * FROM deploy WHERE id = ?', id)
    return row && toRecord(row)
  }

  /** Newest first; of one kind where that is given. */
  of(appId: string, limit: number, kind?: DeployKind): readonly DeployRecord[] {
    return this.#database
      .all(
        'SELECT * FROM deploy WHERE app_id = ? AND kind = coalesce(?, kind) ORDER BY id DESC LIMIT ?',
        appId,
        kind ?? null,
        limit,
      )
      .map(toRecord)
  }
}

function toRecord(row: Row): DeployRecord {
  return {
    id: Number(row.id),
    appId: String(row.app_id),
    kind: row.kind as DeployKind,
    who: String(row.who),
    startedAt: String(row.started_at),
    step: String(row.step),
    switched: row.switched === 1,
    version: row.version === null ? null : Number(row.version),
    ref:
      row.ref === null ? null : { name: String(row.ref), from: String(row.ref_from), to: String(row.ref_to) },
    endedAt: row.ended_at === null ? null : String(row.ended_at),
    outcome: row.outcome as DeployRecord['outcome'],
    exitCode: row.exit_code === null ? null : Number(row.exit_code),
    message: row.message === null ? null : String(row.message),
    switchedAt: row.switched_at === null ? null : String(row.switched_at),
    explanation: row.explanation === null ? null : (JSON.parse(String(row.explanation)) as Explanation),
  }
}
