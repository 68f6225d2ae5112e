import type { Command } from '../../command.ts'

export default {
  summary: 'List the names of config vars',
  right: 'view',
  app: 'required',
  shared: true,
  examples: ['config:keys blog'],
  async run(call) {
    const { paas, flags, out } = call
    const names = flags.has('global')
      ? paas.store.sharedConfig.names()
      : Object.keys(paas.store.config.of(call.app.id))
    out.result(names, () => {
      for (const name of names) out.line(name)
    })
  },
} satisfies Command
