import type { Command } from './command.ts'
import { globalFlags } from './command-line/flags.ts'
import { UsageError } from './errors.ts'
import type { Registry } from './registry.ts'

/** How a command is typed: `config:set [APP] KEY=VALUE...` */
export function usageOf(name: string, command: Command): string {
  const words = (command.arguments ?? []).map((argument) => {
    const word = `${argument.name}${argument.repeats ? '...' : ''}`
    return argument.required ? word : `[${word}]`
  })
  const place = command.appPlace === 'second' ? 1 : 0
  return [name, ...(command.app === 'none' ? words : words.toSpliced(place, 0, '[APP]'))].join(' ')
}

/** All that a command declares, for `COMMAND --help`. */
export function commandHelp(name: string, command: Command): string {
  const flags = Object.entries({ ...command.flags, ...globalFlags }).filter(
    ([flag]) => flag !== 'app' || command.app !== 'none',
  )
  const rows = flags.map(([flag, { short, value, summary }]) => {
    const typed = `${short ? `-${short}, ` : ''}--${flag}${value ? ` ${value}` : ''}`
    return `  ${typed.padEnd(24)} ${summary}`
  })
  return [
    `${usageOf(name, command)}`,
    `    ${command.summary}`,
    ...(command.aliases?.length ? ['', `Also: ${command.aliases.join(', ')}`] : []),
    '',
    'Options:',
    ...rows,
    '',
    'Examples:',
    ...command.examples.map((example) => `  ssh paas ${example}`),
  ].join('\n')
}

/** The commands of one topic: `config:help`. */
export function topicHelp(registry: Registry, topic: string): string {
  const found = [...registry.commands].filter(([name]) => name === topic || name.startsWith(`${topic}:`))
  if (found.length === 0) {
    const { name, command } = registry.find(topic)
    return commandHelp(name, command)
  }
  return found.map(([name, command]) => `${usageOf(name, command).padEnd(46)} ${command.summary}`).join('\n')
}

/** Every command in a line, by topic. */
export function overview(registry: Registry, options: { all: boolean }): string {
  const shown = [...registry.commands].filter(([, command]) => options.all || !command.hidden)
  if (shown.length === 0) throw new UsageError('There are no commands')
  const topics = Map.groupBy(shown, ([name]) => name.split(':')[0] ?? name)
  const lines = [...topics.values()].flatMap((commands) => [
    '',
    ...commands.map(([name, command]) => `  ${usageOf(name, command).padEnd(46)} ${command.summary}`),
  ])
  return [
    'Deploy:   git push paas:APP main',
    'Commands: ssh paas COMMAND [APP] ...      COMMAND --help explains one, TOPIC:help a topic',
    ...lines,
  ].join('\n')
}
