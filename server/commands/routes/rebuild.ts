import type { Command } from '../../command.ts'

export default {
  summary: 'Write all routes to Redis again from the state store',
  right: 'admin',
  app: 'none',
  examples: ['routes:rebuild'],
  async run({ paas, out, signal }) {
    await paas.routes.rebuild(signal)
    out.result({ rebuilt: true }, () =>
      out.step('All routes are written again, and every router serves them'),
    )
  },
} satisfies Command
