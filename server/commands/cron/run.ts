import type { Command } from '../../command.ts'
import { findEntry, looksLikeEntry } from '../../cron/find-entry.ts'
import { beginRun, startRun } from '../../cron/run.ts'
import { describe, UserError } from '../../errors.ts'

export default {
  summary: 'Run what runs by a schedule now; shows what it prints, and its exit code comes back',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'ENTRY', audit: 'whole', required: true, looks: looksLikeEntry }],
  flags: { detach: { summary: 'Do not wait for its end' } },
  examples: ['cron:run blog 3f2a9c01', 'cron:run blog 3f2a9c01 --detach'],
  async run({ paas, app, user, words, flags, out, signal, planned }) {
    const entry = findEntry(paas, app, words[0] ?? '')
    planned(() => [`a container of v${app.release} that runs: ${entry.command}`])
    const run = beginRun(paas, { appId: app.id, entry, dueAt: null, who: user.name })
    if (run.outcome === 'skipped')
      throw new UserError(`It is not run: ${run.message}`, {
        next: `How that goes on: cron:report ${app.name}`,
      })
    const ended = startRun(paas, run).catch((error: unknown) =>
      paas.log(`Cron run ${run.id}: ${describe(error)}`),
    )
    if (!flags.has('detach')) {
      for await (const { text } of paas.cronOutputs.follow(run, signal)) if (!out.json) out.line(text)
      if (!signal.aborted) await ended
    }
    const now = paas.store.cron.find(run.id) ?? run
    out.result({ app: app.name, ...now }, () => {
      if (now.outcome === null) out.step(`Run ${run.id} goes on: cron:report ${app.name} ${run.id}`)
      else if (now.outcome !== 'succeeded') out.trouble(`Run ${run.id} ${now.outcome}: ${now.message}`)
    })
    return now.outcome === null || now.outcome === 'succeeded' ? 0 : (now.exitCode ?? 1)
  },
} satisfies Command
