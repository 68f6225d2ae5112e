/** What HAProxy says of a request, in the order of `log-format` in `configuration.ts`. */
export const field = {
  sequence: 0,
  microseconds: 1,
  backend: 2,
  server: 3,
  ending: 4,
  status: 5,
  bytes: 6,
  connectMs: 7,
  answerMs: 8,
  totalMs: 9,
  client: 10,
  id: 11,
  method: 12,
  host: 13,
  path: 14,
} as const

export type Field = (typeof field)[keyof typeof field]

/**
 * One request as HAProxy logged it, read where it lies: to make a string of each field, most of which are only passed
 * on, took the router twice the time of all else that it does for a request.
 */
export type LoggedRequest = {
  bytes: Buffer
  /** Where each field begins, and last the byte behind the newline: a field ends a byte before the next one. */
  readonly starts: Int32Array
}

/** A place for one request after the other. */
export const emptyRequest = (): LoggedRequest => ({
  bytes: Buffer.alloc(0),
  starts: new Int32Array(field.path + 2),
})

const space = 0x20
const minus = 0x2d
const zero = 0x30
const letterS = 0x73

/** Reads the line from `start` to the newline at `end`; false where HAProxy says something else. */
export function readRequest(request: LoggedRequest, bytes: Buffer, start: number, end: number): boolean {
  const { starts } = request
  request.bytes = bytes
  starts[0] = start
  let found = 0
  for (let at = start; at < end && found < field.path; at++) {
    if (bytes[at] === space) starts[++found] = at + 1
  }
  starts[field.path + 1] = end + 1
  return found === field.path && isDigit(bytes[start])
}

/** What stands from the beginning of `first` to the end of `last`. */
export function textOf({ bytes, starts }: LoggedRequest, first: Field, last: Field = first): string {
  return bytes.toString('latin1', starts[first], endOf(starts, last))
}

/** A field that is a whole number. */
export function numberOf({ bytes, starts }: LoggedRequest, which: Field): number {
  const start = starts[which] ?? 0
  const isNegative = bytes[start] === minus
  let number = 0
  for (let at = isNegative ? start + 1 : start; isDigit(bytes[at]); at++) {
    number = number * 10 + (bytes[at] ?? zero) - zero
  }
  return isNegative ? -number : number
}

/** Milliseconds until the answer began, or until the end where none did. */
export function serviceMs(request: LoggedRequest): number {
  const answeredMs = numberOf(request, field.answerMs)
  return Math.max(answeredMs >= 0 ? answeredMs : numberOf(request, field.totalMs), 0)
}

/** Whether it came to an app's slot, and not to one of the backends that answer by themselves. */
export function cameToSlot({ bytes, starts }: LoggedRequest): boolean {
  const start = starts[field.backend] ?? 0
  return bytes[start] === letterS && isDigit(bytes[start + 1])
}

/** Whether request and answer went to their end, as nearly all do. */
export function isComplete({ bytes, starts }: LoggedRequest): boolean {
  const start = starts[field.ending] ?? 0
  return bytes[start] === minus && bytes[start + 1] === minus
}

/** The byte behind a field's last. */
export const endOf = (starts: Int32Array, which: Field): number => (starts[which + 1] ?? 0) - 1

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= zero + 9
