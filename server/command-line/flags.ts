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
  help: { short: 'h', summary: 'Explain the command' },
  trace: { summary: 'Say how the app was found' },
}

export type Parsed = { readonly flags: Flags; readonly words: readonly string[] }

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
  const known = { ...globalFlags, ...command.flags }
  const given = new Map<string, string[]>()
  const words: string[] = []
  const rest = [...typed]
  let appSeen = command.app === 'none'
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      words.push(...rest)
      break
    }
    if (word.startsWith('-') && word !== '-') {
      const { name, flag, inline } = findFlag(known, word)
      const value = flag.value === undefined ? '' : (inline ?? rest.shift())
      if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`)
      if (flag.value === undefined && inline !== undefined) throw new UsageError(`--${name} takes no value`)
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
  if (given.get('format')?.some((format) => format === 'json') && !('format' in (command.flags ?? {})))
    given.set('json', [''])
  return {
    words,
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
  const name = long ? long[1] : Object.entries(known).find(([, flag]) => flag.short === word.charAt(1))?.[0]
  const flag = name === undefined || !Object.hasOwn(known, name) ? undefined : known[name]
  if (name === undefined || !flag) {
    throw new UsageError(`There is no option ${word.split('=')[0]?.slice(0, 40)}`, {
      next: 'Its options: add --help',
    })
  }
  return { name, flag, inline: long ? long[2] : word.slice(2).replace(/^=/, '') || undefined }
}
