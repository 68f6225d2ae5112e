import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Print the value of one config var',
  right: 'develop',
  reads: true,
  app: 'required',
  arguments: [{ name: 'KEY', required: true }],
  examples: ['config:get blog GREETING'],
  async run({ paas, app, words, out }) {
    const [name = ''] = words
    const config = paas.store.config.of(app.id)
    const value = Object.hasOwn(config, name) ? config[name] : undefined
    if (value === undefined)
      throw new UserError(`${app.name} has no config var ${name}`, {
        next: `Its names: config:keys ${app.name}`,
      })
    out.result({ [name]: value }, () => out.raw(`${value}\n`))
  },
} satisfies Command
