import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { InterruptedError, PaasError, UsageError } from '../errors.ts'

export type BodyLimits = {
  /** Of a JSON body. */
  readonly jsonBytes: number
  /** In which all of a JSON body is here. */
  readonly jsonMs: number
  /** For which a client may send nothing of a body that is waited for. */
  readonly silenceMs: number
}

/** The body is longer than its kind may be. */
export class TooLargeError extends PaasError {}
/** It did not come in time. */
export class TooSlowError extends PaasError {}
/** It is of a kind that nothing here reads. */
export class WrongTypeError extends PaasError {}

/** What kind of body a request says that it has. Throws `WrongTypeError`, also for what a web page's form could send. */
export function kindOf({ headers }: IncomingMessage): 'none' | 'json' | 'bytes' {
  const has = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (headers['content-encoding'] !== undefined)
    throw new WrongTypeError('A body with a Content-Encoding is not taken', { next: 'Send it without' })
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (!has) return 'none'
  if (type === 'application/json') return 'json'
  if (type !== undefined && byteTypes.has(type)) return 'bytes'
  throw new WrongTypeError(type ? `A body of ${type.slice(0, 60)} is not taken` : 'The body has no type', {
    next: `Content-Type: application/json for a call; for what the command reads one of ${[...byteTypes].join(', ')}`,
  })
}

const byteTypes: ReadonlySet<string> = new Set([
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
  'application/x-tar',
  'application/x-pem-file',
])

/** A JSON body's text. */
export async function jsonText(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: BodyLimits,
): Promise<string> {
  const tooLarge = (): TooLargeError =>
    new TooLargeError(`A JSON body has at most ${limits.jsonBytes / 1024 / 1024} MiB`, {
      next: 'Send what the command reads as application/octet-stream, and the rest in the query',
    })
  if (Number(incoming.headers['content-length'] ?? 0) > limits.jsonBytes) throw tooLarge()
  welcome(incoming, outgoing)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new TooSlowError('The body did not come in time')), limits.jsonMs)
  try {
    return await Promise.race([late, wholeText(incoming, limits.jsonBytes, tooLarge)])
  } finally {
    clearTimeout(timer)
  }
}

async function wholeText(
  incoming: IncomingMessage,
  most: number,
  tooLarge: () => TooLargeError,
): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  // Not by iteration: that would destroy the socket that the answer goes by.
  await new Promise<void>((resolve, reject) => {
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > most) reject(tooLarge())
      else chunks.push(chunk)
    })
    incoming.once('end', resolve)
    incoming.once('error', reject)
    incoming.once('close', () => reject(new InterruptedError('The client has gone')))
  })
  try {
    return new TextDecoder('utf8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new UsageError('The body is not UTF-8 text', { cause })
  }
}

/** The body as a command's stdin; broken off where the client goes or falls silent before its end. */
export function bytes(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { silenceMs }: BodyLimits,
): Readable {
  let heard: number | undefined
  const stdin = new Awaited(() => {
    heard ??= Date.now()
    welcome(incoming, outgoing)
  })
  const timer = setInterval(() => {
    // What is not read yet waits for the command, not for the client.
    if (heard === undefined) return
    if (stdin.readableLength > 0 || incoming.isPaused()) heard = Date.now()
    else if (Date.now() - heard >= silenceMs)
      stdin.destroy(new TooSlowError(`Nothing more of the body came for ${silenceMs / 1000} s`))
  }, 1_000)
  timer.unref()
  incoming.on('data', () => {
    heard = Date.now()
  })
  incoming.pipe(stdin)
  // Half a body must not look like a whole one.
  incoming.once('error', () => stdin.destroy(new InterruptedError('The client has gone')))
  stdin.once('close', () => clearInterval(timer))
  return stdin.on('error', () => {})
}

/** Calls `wanted` when something of it is asked for. */
class Awaited extends PassThrough {
  readonly #wanted: () => void

  constructor(wanted: () => void) {
    super()
    this.#wanted = wanted
  }

  override _read(size: number): void {
    this.#wanted()
    super._read(size)
  }
}

export const textStream = (text: string | undefined): Readable =>
  Readable.from(text ? [Buffer.from(text)] : [])

const welcomed = new WeakSet<IncomingMessage>()

/** A client that asked first whether it may send its body is told so. */
function welcome(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.headers.expect === undefined || welcomed.has(incoming)) return
  welcomed.add(incoming)
  outgoing.writeContinue()
}
