import type { Database, Row } from './database.ts'

/** How often a service is backed up by itself. */
export type BackupSchedule = {
  readonly serviceId: string
  readonly every: 'hour' | 'day' | 'week'
  /** So many of these backups stay. */
  readonly keep: number
  /** Milliseconds since 1970. */
  readonly nextAt: number
  /** Why the last one did not come about. */
  readonly failure: string | undefined
}

/** Which services are backed up by themselves. */
export class BackupSchedules {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  set({ serviceId, every, keep, nextAt, failure }: BackupSchedule): void {
    this.#database.run(
      'INSERT OR REPLACE INTO backup_schedule (service_id, every, keep, next_at, failure) VALUES (?, ?, ?, ?, ?)',
      serviceId,
      every,
      keep,
      nextAt,
      failure ?? null,
    )
  }

  of(serviceId: string): BackupSchedule | undefined {
    return this.#database
      .all('SELECT * FROM backup_schedule WHERE service_id = ?', serviceId)
      .map(toSchedule)[0]
  }

  all(): readonly BackupSchedule[] {
    return this.#database.all('SELECT * FROM backup_schedule ORDER BY next_at').map(toSchedule)
  }

  /** What came of one: nothing where the schedule was taken away meanwhile. */
  record(serviceId: string, outcome: Pick<BackupSchedule, 'nextAt' | 'failure'>): void {
    this.#database.run(
      'UPDATE backup_schedule SET next_at = ?, failure = ? WHERE service_id = ?',
      outcome.nextAt,
      outcome.failure ?? null,
      serviceId,
    )
  }

  delete(serviceId: string): void {
    this.#database.run('DELETE FROM backup_schedule WHERE service_id = ?', serviceId)
  }
}

const toSchedule = (row: Row): BackupSchedule => ({
  serviceId: String(row.service_id),
  every: row.every as BackupSchedule['every'],
  keep: Number(row.keep),
  nextAt: Number(row.next_at),
  failure: row.failure === null ? undefined : String(row.failure),
})
