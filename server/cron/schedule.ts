import { Cron } from 'croner'

/** The next time after `after` that a schedule means, in UTC; undefined: never. Throws `TypeError` where it is none. */
export const nextDue = (schedule: string, after: Date): Date | undefined =>
  new Cron(schedule, { mode: '5-part', timezone: 'UTC', paused: true }).nextRun(after) ?? undefined

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
