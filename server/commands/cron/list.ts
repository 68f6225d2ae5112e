import type { Command } from '../../command.ts'
import { nextDue } from '../../cron/schedule.ts'

export default {
  summary: 'List what runs by a schedule (in UTC), when it is due next, and how it ended last',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['cron'],
  examples: ['cron:list blog', 'cron:list --all'],
  async run({ paas, app, out }) {
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    const entries = (release?.cron ?? []).map((entry) => {
      const suspended = paas.store.cron.isSuspended(app.id, entry.id)
      const [last] = paas.store.cron.of(app.id, 1, entry.id)
      return {
        ...entry,
        suspended,
        next: suspended || app.stopped ? null : (nextDue(entry.schedule, new Date())?.toISOString() ?? null),
        last: last ? { run: last.id, at: last.startedAt, outcome: last.outcome ?? 'running' } : null,
      }
    })
    out.result({ app: app.name, entries }, () => {
      out.heading(`${app.name} cron`)
      out.table(
        ['Entry', 'Schedule', 'Command', 'Beside another', 'Next', 'Last'],
        entries.map((entry) => [
          entry.id,
          entry.schedule,
          entry.command,
          entry.concurrency,
          entry.suspended ? 'suspended' : (entry.next?.slice(0, 16) ?? 'never'),
          entry.last ? `${entry.last.outcome} ${entry.last.at.slice(0, 16)}` : '',
        ]),
      )
    })
  },
} satisfies Command
