import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Show what has run by its schedule and how it ended; with a run’s number what that printed',
  right: 'develop',
  reads: true,
  app: 'required',
  arguments: [{ name: 'RUN', looks: (word) => /^\d{1,12}$/.test(word) }],
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  examples: ['cron:report blog', 'cron:report blog 17'],
  async run({ paas, app, words, flags, out }) {
    if (words[0] !== undefined) {
      const run = paas.store.cron.find(Number(words[0]))
      if (run?.appId !== app.id)
        throw new UserError(`${app.name} has no cron run ${words[0].slice(0, 40)}`, {
          next: `Those that are kept: cron:report ${app.name}`,
        })
      const lines = paas.cronOutputs.read(run)
      out.result({ ...run, lines }, () => {
        for (const { text } of lines) out.line(text)
        out.detail(
          `Run ${run.id}, ${run.command}: ${run.outcome ?? 'goes on'}${run.message ? `, ${run.message}` : ''}`,
        )
      })
      return
    }
    const runs = paas.store.cron.of(app.id, countOf(flags, 15))
    out.result({ app: app.name, runs }, () => {
      out.heading(`${app.name} cron runs`)
      out.table(
        ['Run', 'Entry', 'Command', 'Due', 'Started', 'By', 'Outcome', 'Code', 'Why'],
        runs.map((run) => [
          String(run.id),
          run.entry,
          run.command,
          run.dueAt?.slice(0, 16) ?? '',
          run.startedAt.slice(0, 19),
          run.who,
          run.outcome ?? 'running',
          run.exitCode === null ? '' : String(run.exitCode),
          run.message ?? '',
        ]),
      )
    })
  },
} satisfies Command
