import type { Command } from '../command.ts'
import { commandHelp, overview, topicHelp } from '../help.ts'
import { loadRegistry, type Registry } from '../registry.ts'

export default {
  summary: 'Explain the commands',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [{ name: 'COMMAND|TOPIC' }],
  flags: { all: { summary: 'Also aliases and the rare ones' } },
  aliases: ['commands', '--help', '-h'],
  examples: ['help', 'help config', 'help config:set'],
  async run({ words, flags, out }) {
    const registry = await loadRegistry()
    const text = textFor(registry, words[0], flags.has('all'))
    out.result({ help: text.split('\n') }, () => {
      for (const line of text.split('\n')) out.line(line)
    })
  },
} satisfies Command

function textFor(registry: Registry, word: string | undefined, all: boolean): string {
  if (word === undefined) return overview(registry, { all })
  if (!word.includes(':')) return topicHelp(registry, word)
  const { name, command } = registry.find(word)
  return commandHelp(name, command)
}
