import type { Command, Flag } from '../command.ts'
import { UsageError } from '../errors.ts'

/** Options as they were typed, by long name. */
export type Flags = {
  has(name: string): boolean
  /** The last value given. */
  value(name: string): string | undefined
  /** All values given, in order. */
  values(name: string): readonly string[]
}

/** Every command takes these. */
export const globalFlags: Readonly<Record<string, Flag>> = {
  app: { short: 'a', value: 'APP', summary: 'The app that is meant' },
  json: { summary: 'Print one JSON document and nothing else' },
  format: { value: 'json', summary: 'The same as --json' },
  quiet: { short: 'q', summary: 'Print results only, no progress' },
  force: { summary: 'Do not ask' },
  plan: { summary: 'Say what would change, and change nothing' },
  help: { short: 'h', summary: 'Explain the command' },
  version: { summary: 'Print the version of the server' },
  trace: { summary: 'Say how the app was found' },
}

/** Takes the place of an app in a command that declares `all`. */
export const allFlag: Flag = { summary: 'Every app of yours, instead of one' }

/** In a command that declares `shared`. */
export const globalFlag: Flag = {
  summary: 'What all apps share, instead of one app; for admins of the server',
}

export type Parsed = {
  readonly flags: Flags
  readonly words: readonly string[]
  /** The first word may be an app: it did not come after a verbatim command's `--`. */
  readonly mayNameApp: boolean
}

/** Everything that `command` takes, by long name. */
export const flagsOf = (command: Command): Readonly<Record<string, Flag>> => ({
  ...globalFlags,
  ...(command.all ? { all: allFlag } : {}),
  ...(command.shared ? { global: globalFlag } : {}),
  ...command.flags,
})

/** `words` with the options before the command put behind it: `--app blog config` is `config --app blog`. */
export function commandFirst(words: readonly string[]): readonly string[] {
  const [first = ''] = words
  if (!first.startsWith('-') || words.length === 1) return words
  const { flag, inline } = findFlag(globalFlags, first)
  const taken = flag.value !== undefined && inline === undefined ? 2 : 1
  const [command, ...rest] = commandFirst(words.slice(taken))
  return command === undefined ? words : [command, ...words.slice(0, taken), ...rest]
}

/**
 * Reads options up to `--`; in a `verbatim` command up to the first word that is no option, no option's value and
 * no app. Throws `UsageError` for an option that the command does not have.
 * @param isApp whether a word names an app that the person may see
 */
export function parseFlags(
  command: Command,
  typed: readonly string[],
  isApp: (word: string) => boolean,
): Parsed {
  const known = flagsOf(command)
  const given = new Map<string, string[]>()
  const words: string[] = []
  const rest = [...typed]
  let appSeen = command.app === 'none'
  let mayNameApp = true
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      if (command.verbatim && words.length === 0) mayNameApp = false
      words.push(...rest)
      break
    }
    if (word.startsWith('-') && word !== '-') {
      const { name, flag, inline } = findFlag(known, word)
      const value = flag.value === undefined ? '' : (inline ?? rest.shift())
      if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`)
      if (flag.value === undefined && inline !== undefined) {
        if (word.startsWith('--')) throw new UsageError(`--${name} takes no value`)
        // Short options may share a dash: -tn 5.
        rest.unshift(`-${inline}`)
      }
      given.set(name, [...(given.get(name) ?? []), value])
      if (name === 'app') appSeen = true
      continue
    }
    words.push(word)
    if (!command.verbatim) continue
    if (!appSeen && isApp(word)) appSeen = true
    else {
      words.push(...rest)
      break
    }
  }
  const format = given.get('format')?.at(-1)
  if (format !== undefined && !('format' in (command.flags ?? {}))) {
    if (format !== 'json')
      throw new UsageError(`There is no format "${format.slice(0, 40)}" here`, {
        next: 'The one there is: --format json',
      })
    given.set('json', [''])
  }
  return {
    words,
    mayNameApp,
    flags: {
      has: (name) => given.has(name),
      value: (name) => given.get(name)?.at(-1),
      values: (name) => given.get(name) ?? [],
    },
  }
}

function findFlag(
  known: Readonly<Record<string, Flag>>,
  word: string,
): { name: string; flag: Flag; inline: string | undefined } {
  const long = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word)
  const name = word.startsWith('--')
    ? long?.[1]
    : Object.entries(known).find(([, flag]) => flag.short === word.charAt(1))?.[0]
  const flag = name === undefined || !Object.hasOwn(known, name) ? undefined : known[name]
  if (name === undefined || !flag) {
    throw new UsageError(`There is no option ${word.split('=')[0]?.slice(0, 40)}`, {
      next: 'Its options: add --help',
    })
  }
  return { name, flag, inline: long ? long[2] : word.slice(2).replace(/^=/, '') || undefined }
}
