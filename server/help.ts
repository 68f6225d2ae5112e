import type { Command } from './command.ts'
import { flagsOf } from './command-line/flags.ts'
import type { Registry } from './registry.ts'

const width = 100
const indent = '  '

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
  const options = Object.entries({ ...command.flags, ...flagsOf(command) })
    .filter(([flag]) => flag !== 'app' || command.app !== 'none' || Object.hasOwn(command.flags ?? {}, 'app'))
    .map(
      ([flag, { short, value, summary }]): Row => [
        `${short ? `-${short}, ` : '    '}--${flag}${value ? ` ${value}` : ''}`,
        summary,
      ],
    )
  return [
    `Usage: ssh paas ${usageOf(name, command)}`,
    '',
    ...wrap(command.summary, width - indent.length).map((line) => indent + line),
    ...(command.aliases?.length ? ['', `Also: ${command.aliases.join(', ')}`] : []),
    '',
    'Options',
    ...columns(options),
    '',
    'Examples',
    ...command.examples.map((example) => `${indent}ssh paas ${example}`),
  ].join('\n')
}

/** The commands of one topic, `config:help`; a command that is no topic is explained itself. */
export function topicHelp(registry: Registry, topic: string): string {
  const found = [...registry.commands].filter(([name]) => topicOf(name) === topic)
  const [only] = found
  if (only === undefined || (found.length === 1 && only[0] === topic)) {
    const { name, command } = registry.find(topic)
    if (name !== topic && topicOf(name) === name) return topicHelp(registry, name)
    return commandHelp(name, command)
  }
  const examples = found.flatMap(([, command]) => command.examples.slice(0, 1))
  return [
    ...columns(found.map(rowOf)),
    '',
    'Examples',
    ...examples.map((example) => `${indent}ssh paas ${example}`),
    '',
    `One of them in full: ssh paas ${found.at(-1)?.[0]} --help`,
  ].join('\n')
}

/** Every command in a line by topic, after what to type first. */
export function overview(registry: Registry, options: { all: boolean }): string {
  const shown = [...registry.commands].filter(([, command]) => options.all || !command.hidden)
  const topics = Map.groupBy(shown, ([name]) => topicOf(name))
  const single = [...topics].filter(([, commands]) => commands.length === 1)
  const several = [...topics].filter(([, commands]) => commands.length > 1)
  const rows = (commands: readonly [string, Command][]): readonly Row[] =>
    commands.flatMap(([name, command]) => [
      rowOf([name, command]),
      ...(options.all && command.aliases?.length
        ? [['', `also ${command.aliases.join(', ')}`] satisfies Row]
        : []),
    ])
  return [
    'Begin here',
    ...columns([
      ['git push paas:APP main', 'Deploy: the first push makes the app, each push replaces it'],
      ['ssh paas logs APP -t', 'What it says, as it says it'],
      ['ssh paas config:set APP KEY=VALUE', 'Configure it'],
      ['ssh paas rollback APP', 'Bring back the release before'],
    ]),
    ...several.flatMap(([topic, commands]) => ['', titleOf(topic), ...columns(rows(commands))]),
    '',
    'More',
    ...columns(rows(single.flatMap(([, commands]) => commands))),
    '',
    'APP may be left out where only one can be meant: see apps:use.',
    `COMMAND --help explains a command, TOPIC:help a topic${options.all ? '' : ', help --all adds aliases and the rare ones'}.`,
  ].join('\n')
}

type Row = readonly [left: string, right: string]

const rowOf = ([name, command]: readonly [string, Command]): Row => [usageOf(name, command), command.summary]

/** `config:set` belongs to `config`. */
export const topicOf = (name: string): string => name.split(':')[0] ?? name

const titles: Readonly<Record<string, string>> = {
  ps: 'Processes',
  git: 'Git',
  keys: 'SSH keys',
  mysql: 'MySQL',
}

/** A topic as a heading: `SSH keys` */
export const titleOf = (topic: string): string =>
  titles[topic] ?? `${topic.charAt(0).toUpperCase()}${topic.slice(1)}`

/** Two columns, the right one wrapped, within 100 characters. */
function columns(rows: readonly Row[]): readonly string[] {
  const left = 38
  return rows.flatMap(([term, text]) => {
    const lines = wrap(text, width - indent.length - left)
    // A term that is too long has a line of its own.
    const first = term.length < left ? (lines.shift() ?? '') : ''
    return [
      `${indent}${term.padEnd(left)}${first}`.trimEnd(),
      ...lines.map((line) => `${indent}${' '.repeat(left)}${line}`),
    ]
  })
}

function wrap(text: string, columnWidth: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > columnWidth) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
