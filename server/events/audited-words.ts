import type { Audit, Command } from '../command.ts'
import { type Flags, flagsOf } from '../command-line/flags.ts'
import { withoutTokens } from '../state/tokens.ts'

const hidden = '...'

/**
 * A command as the audit keeps it: words and values of options only where the command declares that they may be
 * shown, of `KEY=VALUE` the key. All else is `...`.
 */
export function auditedWords(
  name: string,
  command: Command,
  typed: { readonly words: readonly string[]; readonly flags: Flags },
): string {
  return [name, ...flagWords(command, typed.flags), ...argumentWords(command, typed.words)].join(' ')
}

/** Whether the audit keeps uses of `command`: of all that may change something. */
export const isAudited = (command: Command): boolean => command.right !== 'view' && !command.reads

function flagWords(command: Command, flags: Flags): string[] {
  return Object.entries(flagsOf(command)).flatMap(([name, flag]) =>
    // Which app is meant is a fact of its own, unless the command means none.
    (name === 'app' && flag.audit === undefined) || !flags.has(name)
      ? []
      : flag.value === undefined
        ? [`--${name}`]
        : flags.values(name).map((value) => `--${name} ${shown(flag.audit, [value])}`),
  )
}

function argumentWords(command: Command, words: readonly string[]): string[] {
  const declared = command.arguments ?? []
  return declared.flatMap((argument, index) => {
    const own = argument.repeats ? words.slice(index) : words.slice(index, index + 1)
    return own.length === 0 ? [] : [shown(argument.audit, own)]
  })
}

function shown(audit: Audit | undefined, words: readonly string[]): string {
  if (audit === 'whole') return words.map(quoted).join(' ')
  if (audit === 'name') return words.map((word) => (/^[A-Za-z_]\w*$/.test(word) ? word : hidden)).join(' ')
  if (audit !== 'key') return hidden
  // KEY - takes the value from stdin.
  if (words.length === 2 && words[1] === '-') return `${quoted(words[0] ?? '')} -`
  // One word that is no pair may be a value that lost its key: then none can be told from one.
  if (!words.every((word) => /^[A-Za-z_][A-Za-z0-9_]*=/.test(word))) return hidden
  return words.map((word) => `${word.slice(0, word.indexOf('='))}=${hidden}`).join(' ')
}

function quoted(word: string): string {
  const kept = withoutTokens(word).slice(0, 200)
  return /^[\w.:/@%+=,-]+$/.test(kept) ? kept : JSON.stringify(kept)
}
