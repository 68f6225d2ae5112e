import { Cron } from 'croner'

/** The times after `after` that a schedule means, in UTC, one after the other. Throws `TypeError` where it is none. */
export function* timesAfter(schedule: string, after: Date): Generator<Date> {
  // An offset, and no time zone: that costs ten times as much.
  const cron = new Cron(schedule, { mode: '5-part', utcOffset: 0, paused: true })
  for (let next = cron.nextRun(after); next !== null; next = cron.nextRun(next)) yield next
}

/** The first of `timesAfter`; undefined: never. */
export function nextDue(schedule: string, after: Date): Date | undefined {
  for (const time of timesAfter(schedule, after)) return time
  return undefined
}

/** Why `schedule` is none: five fields, each as cron has it, or a name such as `@daily`; undefined: it is one. */
export function wrongWith(schedule: string): string | undefined {
  // The library takes a date, too: a turn that comes once.
  if (!/^(@[a-z]+|\S+( +\S+){4})$/.test(schedule)) return 'it has not five fields, as "0 4 * * *" has'
  try {
    return nextDue(schedule, new Date()) === undefined ? 'it never comes' : undefined
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^CronPattern: /, '')
  }
}
