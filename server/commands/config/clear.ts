import type { Command } from '../../command.ts'
import { changeConfig } from '../../configuration.ts'
import { confirmName } from '../../confirm.ts'

export default {
  summary: 'Remove all config vars',
  right: 'develop',
  plans: true,
  app: 'required',
  flags: {
    'no-restart': { summary: 'Keep it for the next release' },
    confirm: { value: 'APP', summary: 'The name of the app, instead of being asked' },
  },
  examples: ['config:clear blog --confirm blog'],
  async run(call) {
    if (!call.flags.has('plan'))
      await confirmName(call, call.app.name, `This removes all config vars of ${call.app.name}.`)
    await changeConfig(call, () => ({}), 'Removed all config vars')
  },
} satisfies Command
