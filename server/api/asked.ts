import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { apiFlags, takesApp } from './api-flags.ts'

/** What a request asks of a command. */
export type Asked = {
  readonly app: string | undefined
  readonly arguments: readonly string[]
  /** By long name; one without a value is there or not. */
  readonly flags: ReadonlyMap<string, readonly string[]>
  /** What the command reads; undefined: the body is that, or nothing is. */
  readonly stdin: string | undefined
}

/** Out of `{"app": ..., "arguments": [...], "flags": {...}, "stdin": ...}`. Throws `UsageError` for all else. */
export function askedInJson(text: string, name: string, command: Command): Asked {
  const body = parsed(text)
  for (const key of Object.keys(body))
    if (!known.has(key)) throw notTaken(`"${key.slice(0, 40)}"`, 'A call has: app, arguments, flags, stdin')
  const { app, arguments: words, flags, stdin } = body
  return {
    app: app === undefined ? undefined : string(app, 'app'),
    arguments: words === undefined ? [] : strings(words, 'arguments'),
    flags: new Map(
      Object.entries(flags === undefined ? {} : object(flags, 'flags')).flatMap(([flag, value]) => {
        const given = flagInJson(name, command, flag, value)
        return given ? [[flag, given]] : []
      }),
    ),
    stdin: stdin === undefined ? undefined : anyLength(stdin, 'stdin'),
  }
}

/** Out of `?app=blog&argument=-&plan=true`. Throws `UsageError` for what the command does not take. */
export function askedInQuery(query: URLSearchParams, name: string, command: Command): Asked {
  const flags = new Map<string, readonly string[]>()
  for (const flag of new Set(query.keys())) {
    if (flag === 'app' || flag === 'argument') continue
    const values = query.getAll(flag).map((value) => string(value, flag))
    const declared = declaredFlag(name, command, flag)
    if (declared.value !== undefined) flags.set(flag, values)
    else if (truth(values.at(-1) ?? '', flag)) flags.set(flag, [''])
  }
  const apps = query.getAll('app').map((app) => string(app, 'app'))
  if (apps.length > 1) throw new UsageError('app stands twice', { next: 'Name one' })
  return {
    app: apps[0],
    arguments: query.getAll('argument').map((word) => string(word, 'argument')),
    flags,
    stdin: undefined,
  }
}

/** As words for the dispatcher. What is no option can never be read as one. */
export function wordsOf(name: string, command: Command, { app, arguments: words, flags }: Asked): string[] {
  if (app !== undefined && !takesApp(command)) throw notTaken('app', `${name} means no app; ask without it`)
  return [
    name,
    '--json',
    ...(app === undefined ? [] : [`--app=${app}`]),
    ...[...flags].flatMap(([flag, values]) =>
      values.map((value) =>
        apiFlags(command)[flag]?.value === undefined ? `--${flag}` : `--${flag}=${value}`,
      ),
    ),
    '--',
    ...words,
  ]
}

const known: ReadonlySet<string> = new Set(['app', 'arguments', 'flags', 'stdin'])

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return object(JSON.parse(text), 'The body')
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError('The body is not JSON', {
      next: 'For instance: {"app": "blog", "arguments": ["web=3"]}',
      cause,
    })
  }
}

function flagInJson(
  name: string,
  command: Command,
  flag: string,
  value: unknown,
): readonly string[] | undefined {
  const declared = declaredFlag(name, command, flag)
  if (declared.value === undefined) {
    if (typeof value !== 'boolean') throw new UsageError(`The flag ${flag} is true or false`)
    return value ? [''] : undefined
  }
  if (typeof value === 'number' && Number.isFinite(value)) return [String(value)]
  if (Array.isArray(value)) return strings(value, `The flag ${flag}`)
  return [string(value, `The flag ${flag}`)]
}

function declaredFlag(name: string, command: Command, flag: string): { readonly value?: string } {
  const flags = apiFlags(command)
  const declared = Object.hasOwn(flags, flag) ? flags[flag] : undefined
  if (declared) return declared
  const taken = Object.keys(flags).join(', ') || 'none'
  throw notTaken(`"${flag.slice(0, 40)}"`, `Flags of ${name}: ${taken}`)
}

function truth(value: string, flag: string): boolean {
  if (value === '' || value === 'true') return true
  if (value === 'false') return false
  throw new UsageError(`${flag} is true or false`)
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new UsageError(`${what} is not an object`)
}

function strings(value: unknown, what: string): readonly string[] {
  if (Array.isArray(value)) return value.map((each) => string(each, what))
  throw new UsageError(`${what} is not a list of strings`)
}

/** As long as a program's argument can be (Linux, MAX_ARG_STRLEN). */
const longest = 128 * 1024

/** Programs are started with these: none can hold a NUL, and half a character has no bytes. */
function string(value: unknown, what: string): string {
  const text = anyLength(value, what)
  if (text.length <= longest) return text
  throw new UsageError(`${what} holds a word of more than 128 KiB`, {
    next: 'What is as long as that is what a command reads: send it as stdin, or as the body',
  })
}

function anyLength(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new UsageError(`${what} is not a string`)
  if (value.includes('\0') || !value.isWellFormed())
    throw new UsageError(`${what} holds what is no text: a NUL, or half a character`)
  return value
}

const notTaken = (what: string, next: string): UsageError =>
  new UsageError(`${what} is not taken here`, { next })
