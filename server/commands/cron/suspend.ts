import type { Command } from '../../command.ts'
import { findEntry, looksLikeEntry } from '../../cron/find-entry.ts'

export default {
  summary: 'Run nothing by its schedule any more, or not this entry; what goes on goes on',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'ENTRY', audit: 'whole', looks: looksLikeEntry }],
  examples: ['cron:suspend blog', 'cron:suspend blog 3f2a9c01'],
  async run({ paas, app, words, out, planned }) {
    const entry = words[0] === undefined ? undefined : findEntry(paas, app, words[0])
    planned(() => [`cron: ${entry?.command ?? 'all entries, also those to come'} suspended`])
    paas.store.cron.suspend(app.id, entry?.id)
    out.result({ app: app.name, entry: entry?.id ?? null, suspended: true }, () =>
      out.step(
        `${entry?.command ?? `All cron entries of ${app.name}`} suspended: cron:resume ${app.name} ${entry?.id ?? ''}`.trimEnd(),
      ),
    )
  },
} satisfies Command
