import { type Check, type Checks, type CheckWhen, type Probe, probeInWords } from '../checks/check.ts'
import { isObject } from './is-object.ts'

/**
 * The `healthchecks` of app.json, in Dokku's form: process type -> list. Throws `wrong(...)` with the name of the
 * field that is wrong.
 */
export function readHealthchecks(value: unknown, wrong: (what: string) => Error): Checks {
  if (value === undefined) return {}
  if (!isObject(value)) throw wrong('"healthchecks" is not an object')
  return Object.fromEntries(
    Object.entries(value).map(([process, list]) => {
      if (!Array.isArray(list)) throw wrong(`"healthchecks.${process}" is not a list`)
      if (list.length > mostChecks)
        throw wrong(`"healthchecks.${process}" has more than ${mostChecks} entries`)
      return [
        process,
        list.map((entry: unknown, index) =>
          readCheck(entry, (what) => wrong(`"healthchecks.${process}[${index}]${what}`)),
        ),
      ]
    }),
  )
}

const mostChecks = 20
const longestSeconds = 3600

type Wrong = (what: string) => Error

function readCheck(entry: unknown, wrong: Wrong): Check {
  if (!isObject(entry)) throw wrong('" is not an object')
  const probe = readProbe(entry, wrong)
  const initialDelayMs = seconds(entry, 'initialDelay', wrong, 0) ?? 0
  const waitMs = seconds(entry, 'wait', wrong, 1)
  const timeoutMs = seconds(entry, 'timeout', wrong, 1)
  const attempts = whole(entry, 'attempts', wrong, { from: 1, to: 100 })
  return {
    when: readWhen(entry.type, wrong),
    name: text(entry, 'name', wrong)?.slice(0, 80) || probeInWords(probe),
    probe,
    // What has not run for so long yet need not be asked.
    initialDelayMs: probe.kind === 'uptime' ? Math.max(initialDelayMs, probe.uptimeMs) : initialDelayMs,
    ...(waitMs === undefined ? {} : { waitMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(attempts === undefined ? {} : { attempts }),
  }
}

function readWhen(value: unknown, wrong: Wrong): CheckWhen {
  if (value === undefined || value === '') return 'startup'
  if (value === 'startup' || value === 'readiness' || value === 'liveness') return value
  throw wrong('.type" is not startup, readiness or liveness')
}

/** Exactly one of the four; without any, the root page is asked. */
function readProbe(entry: Record<string, unknown>, wrong: Wrong): Probe {
  const named = ['path', 'command', 'listening', 'uptime'].filter(
    (name) => entry[name] !== undefined && entry[name] !== false && entry[name] !== 0,
  )
  if (named.length > 1) throw wrong(`" has ${named.join(' and ')}: one check asks one thing`)
  const port = whole(entry, 'port', wrong, { from: 1, to: 65_535 })
  const withPort = port === undefined ? {} : { port }
  if (named[0] === 'command') return { kind: 'command', command: readCommand(entry.command, wrong) }
  if (named[0] === 'uptime') return { kind: 'uptime', uptimeMs: seconds(entry, 'uptime', wrong, 1) ?? 1000 }
  if (named[0] === 'listening') {
    if (entry.listening !== true) throw wrong('.listening" is not true or false')
    return { kind: 'listening', ...withPort }
  }
  return readHttp(entry, withPort, wrong)
}

function readHttp(entry: Record<string, unknown>, port: { port?: number }, wrong: Wrong): Probe {
  const path = text(entry, 'path', wrong) ?? '/'
  if (!/^\/[!-~]{0,2000}$/.test(path)) throw wrong('.path" is not a path such as /health')
  if (entry.scheme !== undefined && !/^http$/i.test(String(entry.scheme)))
    throw wrong('.scheme" can only be http: inside, the router speaks HTTP too')
  const content = text(entry, 'content', wrong)
  return {
    kind: 'http',
    path,
    ...port,
    headers: readHeaders(entry.httpHeaders, wrong),
    ...(content ? { content } : {}),
  }
}

function readHeaders(value: unknown, wrong: Wrong): { name: string; value: string }[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong('.httpHeaders" is not a list')
  return value.map((header: unknown) => {
    const { name, value: content } = isObject(header) ? header : {}
    const isHeader =
      typeof name === 'string' &&
      typeof content === 'string' &&
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name) &&
      /^[\t -~]{0,1000}$/.test(content)
    if (!isHeader) throw wrong('.httpHeaders" has an entry that is not {"name": ..., "value": ...}')
    return { name, value: content }
  })
}

function readCommand(value: unknown, wrong: Wrong): readonly string[] {
  const isCommand =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 100 &&
    value.every((word) => typeof word === 'string' && !word.includes('\0') && word.length <= 4000)
  if (isCommand && value[0] !== '') return value as string[]
  throw wrong('.command" is not a list of words, such as ["/app/health", "--quick"]')
}

const seconds = (
  entry: Record<string, unknown>,
  name: string,
  wrong: Wrong,
  from: number,
): number | undefined => {
  const value = whole(entry, name, wrong, { from, to: longestSeconds })
  return value === undefined ? undefined : value * 1000
}

function whole(
  entry: Record<string, unknown>,
  name: string,
  wrong: Wrong,
  { from, to }: { from: number; to: number },
): number | undefined {
  const value = entry[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value
  throw wrong(`.${name}" is not a whole number from ${from} to ${to}`)
}

function text(entry: Record<string, unknown>, name: string, wrong: Wrong): string | undefined {
  const value = entry[name]
  if (value === undefined || (typeof value === 'string' && value.length <= 10_000)) return value
  throw wrong(`.${name}" is not a text`)
}
