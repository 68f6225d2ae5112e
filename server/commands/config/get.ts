import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Print the value of one config var',
  right: 'develop',
  app: 'required',
  shared: true,
  reads: true,
  arguments: [{ name: 'KEY', required: true }],
  examples: ['config:get blog GREETING'],
  async run(call) {
    const { paas, words, flags, out } = call
    const [name = ''] = words
    const whose = flags.has('global') ? undefined : call.app
    const config = whose ? paas.store.config.of(whose.id) : paas.store.sharedConfig.all()
    const value = Object.hasOwn(config, name) ? config[name] : undefined
    if (value === undefined)
      throw new UserError(`${whose?.name ?? 'What all apps share'} has no config var ${name}`, {
        next: `Its names: config:keys ${whose?.name ?? '--global'}`,
      })
    out.result({ [name]: value }, () => out.raw(`${value}\n`))
  },
} satisfies Command
