import { endOf, type Field, field, type LoggedRequest, numberOf, serviceMs } from './logged-request.ts'
import type { Outcome } from './outcome.ts'

/** What a line says beside what HAProxy logged. */
export type LineParts = {
  readonly outcome: Outcome
  /** The process that answered (`web.1`), or undefined. */
  readonly dyno: string | undefined
}

/** Bytes that the line of `request` takes at most. */
export const mostBytes = ({ starts }: LoggedRequest): number =>
  512 + bytesOfEscaped * (endOf(starts, field.path) - (starts[field.sequence] ?? 0))

/**
 * Writes the line that people read, as Heroku's router writes it, and its newline into `bytes` from `at` on, where
 * `mostBytes` must have room. Returns where it ends.
 */
export function writeLine(request: LoggedRequest, parts: LineParts, bytes: Buffer, at: number): number {
  const { code, desc, status } = parts.outcome
  let end = putTimestamp(bytes, at, request)
  end = put(bytes, end, words.router)
  end =
    code === undefined
      ? put(bytes, end, words.info)
      : putText(bytes, end, `at=error code=${code} desc="${desc}"`)
  end = put(bytes, end, words.method)
  end = putPlain(bytes, end, request, field.method)
  end = put(bytes, end, words.path)
  end = putQuoted(bytes, end, request, field.path)
  end = put(bytes, end, words.host)
  end = putPlain(bytes, end, request, field.host)
  end = put(bytes, end, words.id)
  end = putPlain(bytes, end, request, field.id)
  end = put(bytes, end, words.client)
  end = putQuoted(bytes, end, request, field.client)
  end = put(bytes, end, words.dyno)
  if (parts.dyno !== undefined) end = putText(bytes, end, parts.dyno)
  end = put(bytes, end, words.connect)
  end = putNumber(bytes, end, Math.max(numberOf(request, field.connectMs), 0))
  end = put(bytes, end, words.service)
  end = putNumber(bytes, end, serviceMs(request))
  end = put(bytes, end, words.status)
  end = putNumber(bytes, end, status)
  end = put(bytes, end, words.bytes)
  end = putNumber(bytes, end, numberOf(request, field.bytes))
  bytes[end] = newline
  return end + 1
}

const words = {
  router: Buffer.from(' app[router]: '),
  info: Buffer.from('at=info'),
  method: Buffer.from(' method='),
  path: Buffer.from(' path="'),
  host: Buffer.from('" host='),
  id: Buffer.from(' request_id='),
  client: Buffer.from(' fwd="'),
  dyno: Buffer.from('" dyno='),
  connect: Buffer.from(' connect='),
  service: Buffer.from('ms service='),
  status: Buffer.from('ms status='),
  bytes: Buffer.from(' bytes='),
} as const

let second = -1
let timeOfSecond = Buffer.alloc(0)

/** RFC 3339 with nanoseconds, of which HAProxy knows the first six digits. */
function putTimestamp(bytes: Buffer, at: number, request: LoggedRequest): number {
  const microseconds = numberOf(request, field.microseconds)
  const current = Math.floor(microseconds / 1e6)
  if (current !== second) {
    second = current
    timeOfSecond = Buffer.from(`${new Date(current * 1000).toISOString().slice(0, 19)}.`)
  }
  const end = put(bytes, at, timeOfSecond)
  return put(bytes, putDigits(bytes, end, microseconds - current * 1e6, 6), noNanoseconds)
}

const noNanoseconds = Buffer.from('000Z')

/** A whole number. */
function putNumber(bytes: Buffer, at: number, number: number): number {
  if (number < 0) return putText(bytes, at, `${number}`)
  let digits = 1
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits++
  return putDigits(bytes, at, number, digits)
}

function putDigits(bytes: Buffer, at: number, number: number, digits: number): number {
  let rest = number
  for (let index = at + digits - 1; index >= at; index--) {
    const tenth = Math.floor(rest / 10)
    bytes[index] = zero + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

const zero = 0x30
const newline = 0x0a

// For so few bytes a loop is faster than a copy outside of JavaScript.
function put(bytes: Buffer, at: number, some: Buffer): number {
  for (let index = 0; index < some.length; index++) bytes[at + index] = some[index] ?? 0
  return at + some.length
}

const putText = (bytes: Buffer, at: number, text: string): number => at + bytes.write(text, at, 'latin1')

const dash = 0x2d
const question = 0x3f
const quote = 0x22
const backslash = 0x5c
const tilde = 0x7e
const bang = 0x21
const blank = 0x20

/** One word; nothing where HAProxy knows nothing. */
function putPlain(bytes: Buffer, at: number, { bytes: from, starts }: LoggedRequest, which: Field): number {
  const start = starts[which] ?? 0
  const stop = endOf(starts, which)
  if (stop - start === 1 && from[start] === dash) return at
  let end = at
  for (let index = start; index < stop; index++) {
    const byte = from[index] ?? 0
    bytes[end++] = byte < bang || byte === quote || byte > tilde ? question : byte
  }
  return end
}

const bytesOfEscaped = 3

/** What stands between quotes: nothing in it ends them or moves a terminal. */
function putQuoted(bytes: Buffer, at: number, { bytes: from, starts }: LoggedRequest, which: Field): number {
  const stop = endOf(starts, which)
  let end = at
  for (let index = starts[which] ?? 0; index < stop; index++) {
    const byte = from[index] ?? 0
    if (byte < blank || byte > tilde) {
      end = putText(bytes, end, `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      continue
    }
    if (byte === quote || byte === backslash) bytes[end++] = backslash
    bytes[end++] = byte
  }
  return end
}
