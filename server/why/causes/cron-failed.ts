import type { Cause, Finding } from '../cause.ts'

export default {
  order: 75,
  looksAt: 'how what runs by a schedule ended last',
  look: ({ paas, app, release }) =>
    (release?.cron ?? []).flatMap((entry): Finding[] => {
      const [last] = paas.store.cron.of(app.id, 1, entry.id)
      if (last?.outcome !== 'failed' && last?.outcome !== 'missed') return []
      return [
        {
          what: `The cron entry ${entry.command} ${last.outcome}: ${last.message} (${last.startedAt.slice(0, 19)}Z)`,
          details: paas.cronOutputs
            .read(last)
            .slice(-20)
            .map(({ text }) => text),
          next:
            last.outcome === 'failed'
              ? `cron:report ${app.name} ${last.id}`
              : `cron:run ${app.name} ${entry.id}`,
          facts: { entry: entry.id, run: last.id, outcome: last.outcome, exitCode: last.exitCode },
        },
      ]
    }),
} satisfies Cause
