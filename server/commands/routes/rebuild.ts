import type { Command } from '../../command.ts'

export default {
  summary: 'Write all routes to Redis again from the state store',
  right: 'admin',
  plans: true,
  app: 'none',
  examples: ['routes:rebuild'],
  async run({ paas, out, signal, planned }) {
    planned(() => [`routes of ${paas.store.apps.list().length} apps are written again`])
    await paas.routes.rebuild(signal)
    out.result({ rebuilt: true }, () =>
      out.step('All routes are written again, and every router serves them'),
    )
  },
} satisfies Command
