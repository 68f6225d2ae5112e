import { createHash } from 'node:crypto'
import { wrongWith } from '../cron/schedule.ts'
import type { UserError } from '../errors.ts'
import { isObject } from './is-object.ts'

/** A command that is to run by a schedule. */
export type CronEntry = {
  /** Of schedule and command: it stays as long as these do. */
  readonly id: string
  /** Five fields, in UTC: `0 4 * * *` */
  readonly schedule: string
  /** Run as a line of the Procfile is. */
  readonly command: string
  /** What becomes of a run whose turn it is while the one before goes on. */
  readonly concurrency: Concurrency
}

export type Concurrency = 'allow' | 'forbid' | 'replace'

const most = 50

/** Reads app.json's `cron`; `wrong` makes the error that is thrown where it is not as it should be. */
export function readCron(value: unknown, wrong: (what: string) => UserError): readonly CronEntry[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong('"cron" is not a list')
  if (value.length > most) throw wrong(`"cron" has more than ${most} entries`)
  const entries = value.map((entry: unknown, index) => readEntry(entry, `"cron[${index}]`, wrong))
  const twice = entries.find(({ id }, index) => entries.findIndex((each) => each.id === id) < index)
  if (twice) throw wrong(`"cron" has "${twice.command}" at "${twice.schedule}" twice`)
  return entries
}

function readEntry(value: unknown, path: string, wrong: (what: string) => UserError): CronEntry {
  const { command, schedule, concurrency_policy: policy = 'allow' } = isObject(value) ? value : {}
  if (typeof command !== 'string' || command.trim() === '' || command.length > 2_000)
    throw wrong(`${path}.command" is no command`)
  if (typeof schedule !== 'string') throw wrong(`${path}.schedule" is no schedule`)
  const why = wrongWith(schedule)
  if (why !== undefined) throw wrong(`${path}.schedule" is no schedule: ${why}`)
  if (policy !== 'allow' && policy !== 'forbid' && policy !== 'replace')
    throw wrong(`${path}.concurrency_policy" is not allow, forbid or replace`)
  const id = createHash('sha256').update(`${schedule}\0${command}`).digest('hex').slice(0, 8)
  return { id, schedule, command: command.trim(), concurrency: policy }
}
