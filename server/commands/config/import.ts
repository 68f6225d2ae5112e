import { parse } from 'dotenv'
import type { Command } from '../../command.ts'
import { changeConfig, readInput } from '../../configuration.ts'
import { UsageError } from '../../errors.ts'
import { filesIn, parseConfigName, type Variables } from '../../state/config.ts'

export default {
  summary: 'Set config vars from stdin: an env file or a JSON object',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: '-', looks: (word) => word === '-' }],
  flags: {
    replace: { summary: 'Remove the vars that the input does not name; files stay' },
    'no-restart': { summary: 'Keep it for the next release' },
  },
  examples: ['config:import blog - < .env', 'config:import blog --replace - < config.json'],
  async run(call) {
    const vars = parseInput(await readInput(call))
    const replace = call.flags.has('replace')
    await changeConfig(
      call,
      (config) => ({ ...(replace ? filesIn(config) : config), ...vars }),
      `Imported ${Object.keys(vars).join(', ')}`,
    )
  },
} satisfies Command

function parseInput(text: string): Variables {
  const vars = text.trimStart().startsWith('{') ? parseJson(text) : parse(text)
  if (Object.keys(vars).length === 0)
    throw new UsageError('The input has no config vars', { next: 'Lines as in .env: KEY=value' })
  for (const name of Object.keys(vars)) parseConfigName(name)
  return vars
}

function parseJson(text: string): Variables {
  try {
    const document = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(document).map(([name, value]) => {
        if (typeof value !== 'string') throw new UsageError(`The value of "${name}" is not a string`)
        return [name, value]
      }),
    )
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError('The input is not JSON', { cause })
  }
}
