import type { Command } from '../../server/command.ts'
import { globalFlags } from '../../server/command-line/flags.ts'
import { usageOf } from '../../server/help.ts'
import type { Registry } from '../../server/registry.ts'
import { whoMay } from '../../server/who-may.ts'
import { exitCodes, flagUsage, ownFlags, topicsOf } from './reference.ts'

/** `docs/commands.md`: every command with its usage, options, examples, aliases and right. */
export function commandsPage(registry: Registry): string {
  const topics = topicsOf(registry)
  return `${[
    '# Commands',
    '',
    'Made by `make docs` of what the commands declare: change it there. The same, shorter: `ssh paas help`, `TOPIC:help`,',
    '`COMMAND --help`.',
    '',
    topics.map(({ title }) => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`).join(' · '),
    '',
    '`[APP]` may be left out where only one app can be meant: [README](../README.md#day-to-day) says how it is found.',
    '',
    'Every command takes these options:',
    '',
    ...optionRows(Object.entries(globalFlags)),
    '',
    'Every command ends with one of these exit codes; `run`, `enter` and `run:logs -t` give that of what ran:',
    '',
    '| code | |',
    '|---|---|',
    ...exitCodes.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ...topics.flatMap(({ title, commands }) => ['', `## ${title}`, ...commands.flatMap(section)]),
  ].join('\n')}\n`
}

function section([name, command]: readonly [string, Command]): readonly string[] {
  const flags = ownFlags(command)
  return [
    '',
    `### ${name}`,
    '',
    `    ssh paas ${usageOf(name, command)}`,
    '',
    `${inText(command.summary)}.`,
    '',
    `For ${whoMay[command.right]}${command.keyOnly ? ', with a key: an API token is refused' : ''}.${command.aliases?.length ? ` Also: ${command.aliases.map((alias) => `\`${alias}\``).join(', ')}.` : ''}`,
    ...(flags.length > 0 ? ['', ...optionRows(flags)] : []),
    '',
    ...command.examples.map((example) => `    ssh paas ${example}`),
  ]
}

const optionRows = (flags: readonly Parameters<typeof row>[0][]): readonly string[] => [
  '| option | |',
  '|---|---|',
  ...flags.map(row),
]

const row = ([name, flag]: readonly [string, Parameters<typeof flagUsage>[1]]): string =>
  `| \`${flagUsage(name, flag).replaceAll('|', '\\|')}\` | ${inText(flag.summary)} |`

const inText = (text: string): string => text.replace(/[|<*_[\]]/g, '\\$&')
