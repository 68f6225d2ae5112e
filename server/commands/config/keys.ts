import type { Command } from '../../command.ts'

export default {
  summary: 'List the names of config vars',
  right: 'view',
  app: 'required',
  examples: ['config:keys blog'],
  async run({ paas, app, out }) {
    const names = Object.keys(paas.store.config.of(app.id))
    out.result(names, () => {
      for (const name of names) out.line(name)
    })
  },
} satisfies Command
