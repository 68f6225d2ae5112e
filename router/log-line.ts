import { answering } from './desired.ts'

/** One request as HAProxy logged it, in the order of `log-format` in `configuration.ts`. */
export type LoggedRequest = {
  readonly sequence: number
  readonly microseconds: string
  readonly backend: string
  readonly server: string
  readonly ending: string
  readonly status: number
  readonly bytes: string
  readonly connectMs: number
  readonly answerMs: number
  readonly totalMs: number
  readonly client: string
  readonly id: string
  readonly method: string
  readonly host: string
  readonly path: string
}

/** The request in `line`, or undefined where HAProxy says something else. */
export function parseLogLine(line: string): LoggedRequest | undefined {
  const words = line.split(' ')
  if (words.length < 15 || !/^\d+$/.test(words[0] ?? '')) return undefined
  const [sequence, microseconds, backend, server, ending, status, bytes, connect, answer, total] = words
  const [, , , , , , , , , , client, id, method, host] = words
  return {
    sequence: Number(sequence),
    microseconds: microseconds ?? '',
    backend: backend ?? '',
    server: server ?? '',
    ending: ending ?? '',
    status: Number(status),
    bytes: bytes ?? '0',
    connectMs: Number(connect),
    answerMs: Number(answer),
    totalMs: Number(total),
    client: client ?? '',
    id: id ?? '',
    method: method ?? '',
    host: host ?? '',
    path: words.length === 15 ? (words[14] ?? '') : words.slice(14).join(' '),
  }
}

/**
 * The line that people read, as Heroku's router writes it.
 * @param dyno the process that answered (`web.1`), or undefined
 */
export function formatLogLine(request: LoggedRequest, dyno: string | undefined): string {
  const { code, desc, status } = outcome(request)
  const level = code === undefined ? 'at=info' : `at=error code=${code} desc="${desc}"`
  const service = request.answerMs >= 0 ? request.answerMs : Math.max(request.totalMs, 0)
  return (
    `${timestamp(request.microseconds)} app[router]: ${level} method=${plain(request.method)}` +
    ` path="${quoted(request.path)}" host=${plain(request.host)} request_id=${plain(request.id)}` +
    ` fwd="${quoted(request.client)}" dyno=${plain(dyno ?? '')} connect=${Math.max(request.connectMs, 0)}ms` +
    ` service=${service}ms status=${status} bytes=${request.bytes}`
  )
}

/** How a request ended, as people are told. */
export type Outcome = { readonly code?: string; readonly desc?: string; readonly status: number }

/** What no backend was asked for. */
const ownAnswers: ReadonlyMap<string, { readonly code: string; readonly desc: string }> = new Map([
  [answering.stopped, { code: 'H14', desc: 'No web processes running' }],
  [answering.stoppedOwnPage, { code: 'H14', desc: 'No web processes running' }],
  [answering.maintenance, { code: 'H80', desc: 'Maintenance mode' }],
  [answering.ownPage, { code: 'H80', desc: 'Maintenance mode' }],
  [answering.unreleased, { code: 'H81', desc: 'Blank app' }],
])

// The two letters are HAProxy's: who ended the request, and while it did what.
export function outcome({ backend, ending, server, status }: LoggedRequest): Outcome {
  const answered = ownAnswers.get(backend)
  if (answered) return { ...answered, status: 503 }
  // To the end: nearly all.
  if (ending === '--') return { status }
  if (/^[sS][CQ]/.test(ending) && (status === 502 || status === 503)) {
    const desc = ending === 'sC' ? 'Backend connection timeout' : 'Backend connection refused'
    return {
      code: ending === 'sC' ? 'H19' : 'H21',
      desc: server === '<NOSRV>' ? 'No backend answers' : desc,
      status: 502,
    }
  }
  if (ending.startsWith('sH') && status === 504) return { code: 'H12', desc: 'Request timeout', status }
  if (/^(SH|PH)/.test(ending) && status === 502) {
    return { code: 'H13', desc: 'Connection closed without response', status }
  }
  if (/^[sS]D/.test(ending) && status >= 200)
    return { code: 'H18', desc: 'Server request interrupted', status }
  return { status }
}

let second = ''
let prefix = ''

/** RFC 3339 with nanoseconds, of which HAProxy knows the first six digits. */
function timestamp(microseconds: string): string {
  const current = microseconds.slice(0, -6)
  if (current !== second) {
    second = current
    prefix = new Date(Number(current) * 1000).toISOString().slice(0, 19)
  }
  return `${prefix}.${microseconds.slice(-6)}000Z`
}

const unquotable = /["\\\x00-\x1f\x7f]/
const unplain = /[^\x21\x23-\x7e]/

// Nearly all text is harmless, and to see that costs less than to replace nothing.
const quoted = (text: string): string =>
  unquotable.test(text)
    ? text.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, (character) => encodeURIComponent(character))
    : text

function plain(text: string): string {
  if (text === '-') return ''
  return unplain.test(text) ? text.replace(/[^\x21\x23-\x7e]/g, '?') : text
}
