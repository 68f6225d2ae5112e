import type { Call, Command } from '../../command.ts'
import { changeConfig, decodeValue, looksLikePair, parsePairs, readInput } from '../../configuration.ts'
import { changeSharedConfig } from '../../shared-config-change.ts'
import { type ConfigVars, parseConfigName } from '../../state/config.ts'

export default {
  summary: 'Set config vars and release them',
  right: 'develop',
  plans: true,
  app: 'required',
  shared: true,
  arguments: [
    {
      name: 'KEY=VALUE',
      required: true,
      repeats: true,
      audit: 'key',
      looks: (word) => looksLikePair(word) || /[A-Z_]/.test(word),
    },
  ],
  flags: {
    'no-restart': { summary: 'Keep it for the next release' },
    encoded: { summary: 'Values are base64' },
  },
  aliases: ['config:add'],
  examples: [
    'config:set blog GREETING=hello',
    // The person's own shell takes the outer quotes away.
    `config:set blog "GREETING='good day'"`,
    'config:set blog KEY - < file',
    'config:set --no-restart A=1 B=2',
    'config:set --global PIP_INDEX_URL=https://pypi.example.com/simple',
  ],
  async run(call) {
    const { words, flags } = call
    const [name, dash] = words
    const encoded = flags.has('encoded')
    const vars =
      words.length === 2 && dash === '-' && name !== undefined && !looksLikePair(name)
        ? { [parseConfigName(name)]: await readValue(call, name, encoded) }
        : parsePairs(words, encoded)
    const change = (config: ConfigVars): ConfigVars => ({ ...config, ...vars })
    const description = `Set ${Object.keys(vars).join(', ')}`
    if (flags.has('global')) changeSharedConfig(call, change, description)
    else await changeConfig(call, change, description)
  },
} satisfies Command

async function readValue(call: Call, name: string, encoded: boolean): Promise<string> {
  const text = await readInput(call)
  return encoded ? decodeValue(name, text) : text
}
