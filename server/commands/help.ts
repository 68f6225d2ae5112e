import type { Command } from '../command.ts'
import { commandHelp, overview, topicHelp } from '../help.ts'
import { loadRegistry } from '../registry.ts'

export default {
  summary: 'Explain the commands',
  right: 'anyone',
  app: 'none',
  arguments: [{ name: 'COMMAND|TOPIC' }],
  flags: { all: { summary: 'Also the rare ones' } },
  examples: ['help', 'help config', 'help config:set'],
  async run({ words, flags, out }) {
    const registry = await loadRegistry()
    const [word] = words
    const command = word === undefined ? undefined : registry.commands.get(word)
    const text =
      word === undefined
        ? overview(registry, { all: flags.has('all') })
        : command && !hasTopic(registry.commands, word)
          ? commandHelp(word, command)
          : topicHelp(registry, word)
    out.result(text.split('\n'), () => {
      for (const line of text.split('\n')) out.line(line)
    })
  },
} satisfies Command

const hasTopic = (commands: ReadonlyMap<string, Command>, topic: string): boolean =>
  [...commands.keys()].some((name) => name.startsWith(`${topic}:`))
