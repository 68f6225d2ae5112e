import type { Database, Row } from './database.ts'

/**
 * What is compared with a rule's threshold: requests in flight for each container, the milliseconds within which 95 of
 * 100 answers began, or the percentage of its CPU limit that each container uses.
 */
export type Measure = 'queue' | 'p95' | 'cpu'

/** Within which numbers the server scales a process type by itself, and by what. */
export type AutoscaleRule = {
  readonly appId: string
  readonly process: string
  readonly least: number
  readonly most: number
  readonly measure: Measure
  readonly threshold: number
  /** When it was last scaled so, or tried to; null: never. */
  readonly steppedAt: string | null
}

export class AutoscaleRules {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  all(): readonly AutoscaleRule[] {
    return this.#database.all('SELECT * FROM autoscale ORDER BY app_id, process').map(ruleOf)
  }

  of(appId: string): readonly AutoscaleRule[] {
    return this.#database.all('SELECT * FROM autoscale WHERE app_id = ? ORDER BY process', appId).map(ruleOf)
  }

  /** In place of the one that its process type has. */
  set(rule: AutoscaleRule): void {
    this.#database.run(
      `INSERT OR REPLACE INTO autoscale (app_id, process, least, most, measure, threshold, stepped_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      rule.appId,
      rule.process,
      rule.least,
      rule.most,
      rule.measure,
      rule.threshold,
      rule.steppedAt,
    )
  }

  setStepped({ appId, process }: Pick<AutoscaleRule, 'appId' | 'process'>, at: Date): void {
    this.#database.run(
      'UPDATE autoscale SET stepped_at = ? WHERE app_id = ? AND process = ?',
      at.toISOString(),
      appId,
      process,
    )
  }

  remove({ appId, process }: Pick<AutoscaleRule, 'appId' | 'process'>): void {
    this.#database.run('DELETE FROM autoscale WHERE app_id = ? AND process = ?', appId, process)
  }
}

const ruleOf = (row: Row): AutoscaleRule => ({
  appId: String(row.app_id),
  process: String(row.process),
  least: Number(row.least),
  most: Number(row.most),
  measure: row.measure as Measure,
  threshold: Number(row.threshold),
  steppedAt: row.stepped_at === null ? null : String(row.stepped_at),
})
