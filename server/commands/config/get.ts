import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import type { ConfigVars } from '../../state/config.ts'
import { contentOf } from '../../state/config-file.ts'

export default {
  summary: 'Print the value of one config var; of a file its bytes',
  right: 'develop',
  app: 'required',
  shared: true,
  reads: true,
  arguments: [{ name: 'KEY', required: true }],
  examples: ['config:get blog GREETING', 'config:get blog SERVER_KEY > key.pem'],
  async run(call) {
    const { paas, words, flags, out, session } = call
    const [name = ''] = words
    const whose = flags.has('global') ? undefined : call.app
    const config: ConfigVars = whose ? paas.store.config.of(whose.id) : paas.store.sharedConfig.all()
    const value = Object.hasOwn(config, name) ? config[name] : undefined
    if (value === undefined)
      throw new UserError(`${whose?.name ?? 'What all apps share'} has no config var ${name}`, {
        next: `Its names: config:keys ${whose?.name ?? '--global'}`,
      })
    if (typeof value === 'string') return out.result({ [name]: value }, () => out.raw(`${value}\n`))
    const { path, content } = value
    out.result({ [name]: { file: path, base64: content } }, () => session.stdout.write(contentOf(value)))
  },
} satisfies Command
