import type { Command } from '../../command.ts'
import { changeConfig } from '../../configuration.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Remove config vars and release that',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'KEY', audit: 'name', required: true, repeats: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  aliases: ['config:remove'],
  examples: ['config:unset blog GREETING'],
  async run(call) {
    const { words, app } = call
    await changeConfig(
      call,
      (config) => {
        const unknown = words.find((name) => !Object.hasOwn(config, name))
        if (unknown !== undefined) {
          throw new UserError(`${app.name} has no config var ${unknown.slice(0, 60)}`, {
            next: `Its names: config:keys ${app.name}`,
          })
        }
        return Object.fromEntries(Object.entries(config).filter(([name]) => !words.includes(name)))
      },
      `Removed ${words.join(', ')}`,
    )
  },
} satisfies Command
