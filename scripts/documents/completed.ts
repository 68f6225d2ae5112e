import type { Flag } from '../../server/command.ts'
import { globalFlags } from '../../server/command-line/flags.ts'
import type { Registry } from '../../server/registry.ts'
import { ownFlags } from './reference.ts'

export type CompletedFlag = {
  readonly name: string
  readonly summary: string
  readonly short: string | undefined
  readonly takesValue: boolean
}

export type CompletedCommand = {
  /** Its name and its aliases: all have its options. */
  readonly words: readonly string[]
  /** Its name, and the aliases that are short: `scale` beside `ps:scale`. */
  readonly offered: readonly string[]
  readonly summary: string
  /** Those that it has beside `everywhere`. */
  readonly flags: readonly CompletedFlag[]
}

const toCompleted = ([name, { summary, short, value }]: readonly [string, Flag]): CompletedFlag => ({
  name,
  summary,
  short,
  takesValue: value !== undefined,
})

/** The options of every command. */
export const everywhere: readonly CompletedFlag[] = Object.entries(globalFlags).map(toCompleted)

/** What a shell offers: the commands that `help` shows, with their options. */
export const completed = (registry: Registry): readonly CompletedCommand[] =>
  [...registry.commands]
    .filter(([, { hidden }]) => !hidden)
    .map(([name, command]) => {
      const aliases = (command.aliases ?? []).filter((alias) => !alias.startsWith('-'))
      return {
        words: [name, ...aliases],
        offered: [name, ...aliases.filter((alias) => !alias.includes(':'))],
        summary: command.summary,
        flags: ownFlags(command).map(toCompleted),
      }
    })

/** `text` as one word of a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
