import type { Command } from '../../command.ts'
import { findEntry, looksLikeEntry } from '../../cron/find-entry.ts'
import { UserError } from '../../errors.ts'

export default {
  summary:
    'Run by their schedules again what was suspended, or this entry; what was due meanwhile is not made up for',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'ENTRY', audit: 'whole', looks: looksLikeEntry }],
  examples: ['cron:resume blog', 'cron:resume blog 3f2a9c01'],
  async run({ paas, app, words, out, planned }) {
    const entry = words[0] === undefined ? undefined : findEntry(paas, app, words[0])
    if (entry && paas.store.cron.isWhollySuspended(app.id))
      throw new UserError(`All cron entries of ${app.name} are suspended together`, {
        next: `All again: cron:resume ${app.name}`,
      })
    planned(() => [`cron: ${entry?.command ?? 'all entries'} by schedule again`])
    paas.store.cron.resume(app.id, entry?.id)
    out.result({ app: app.name, entry: entry?.id ?? null, suspended: false }, () =>
      out.step(`${entry?.command ?? `All cron entries of ${app.name}`} by schedule again`),
    )
  },
} satisfies Command
