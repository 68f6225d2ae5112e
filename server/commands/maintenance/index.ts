import type { Command } from '../../command.ts'

export default {
  summary: 'Show whether an app is in maintenance',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['maintenance:report'],
  examples: ['maintenance blog', 'maintenance --all'],
  async run({ paas, app, out }) {
    const { since, page } = paas.store.maintenance.of(app.id)
    const facts = { app: app.name, maintenance: since !== null, since, page: page === null ? 'ours' : 'own' }
    out.result(facts, () =>
      out.line(`${app.name}: ${since === null ? 'off' : `on since ${since}`}, page: ${facts.page}`),
    )
  },
} satisfies Command
