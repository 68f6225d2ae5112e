import type { Command } from '../../command.ts'
import { changeConfig } from '../../configuration.ts'
import { UserError } from '../../errors.ts'
import { changeSharedConfig } from '../../shared-config-change.ts'

export default {
  summary: 'Remove config vars and release that',
  right: 'develop',
  plans: true,
  app: 'required',
  shared: true,
  arguments: [{ name: 'KEY', audit: 'name', required: true, repeats: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  aliases: ['config:remove'],
  examples: ['config:unset blog GREETING', 'config:unset --global PIP_INDEX_URL'],
  async run(call) {
    const { words, flags } = call
    const whose = flags.has('global') ? undefined : call.app.name
    const description = `Removed ${words.join(', ')}`
    if (whose === undefined) changeSharedConfig(call, (config) => without(config, words, whose), description)
    else await changeConfig(call, (config) => without(config, words, whose), description)
  },
} satisfies Command

/** @param whose undefined: all apps' */
function without<Value>(
  config: Readonly<Record<string, Value>>,
  names: readonly string[],
  whose: string | undefined,
): Readonly<Record<string, Value>> {
  const unknown = names.find((name) => !Object.hasOwn(config, name))
  if (unknown !== undefined) {
    throw new UserError(`${whose ?? 'What all apps share'} has no config var ${unknown.slice(0, 60)}`, {
      next: `Its names: config:keys ${whose ?? '--global'}`,
    })
  }
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)))
}
