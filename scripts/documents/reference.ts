import type { Command, Flag } from '../../server/command.ts'
import { flagsOf, globalFlags } from '../../server/command-line/flags.ts'
import { exitCode } from '../../server/errors.ts'
import { titleOf, topicOf } from '../../server/help.ts'
import type { Registry } from '../../server/registry.ts'

export type Topic = {
  /** `Processes` */
  readonly title: string
  readonly commands: readonly (readonly [name: string, command: Command])[]
}

/** All commands by topic; those that are a topic of their own come last, as one. */
export function topicsOf(registry: Registry): readonly Topic[] {
  const byTopic = [...Map.groupBy(registry.commands, ([name]) => topicOf(name))]
  return [
    ...byTopic
      .filter(([, commands]) => commands.length > 1)
      .map(([topic, commands]) => ({ title: titleOf(topic), commands })),
    {
      title: 'More',
      commands: byTopic.filter(([, commands]) => commands.length === 1).flatMap(([, commands]) => commands),
    },
  ]
}

/** The options that a command has beside those that all have. */
export const ownFlags = (command: Command): readonly (readonly [name: string, flag: Flag])[] =>
  Object.entries(flagsOf(command)).filter(
    ([name]) => !Object.hasOwn(globalFlags, name) || Object.hasOwn(command.flags ?? {}, name),
  )

/** `-n, --num N` */
export const flagUsage = (name: string, { short, value }: Flag): string =>
  `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`

/** What each exit code says, in order. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [exitCode.done, 'done'],
  [exitCode.failed, 'the command failed; the message says what to type next'],
  [exitCode.noSuchApp, 'there is no such app, or you may not see it'],
  [exitCode.usage, 'the command line could not be understood'],
  [exitCode.unavailable, 'a part of the server is down: try again'],
  [exitCode.notAllowed, 'you may not do this'],
  [exitCode.interrupted, 'interrupted'],
]
