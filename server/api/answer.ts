import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { ended } from '../ended.ts'
import { exitCode } from '../errors.ts'
import type { Failure, Said } from '../output.ts'

/** Where a command's output becomes a response. */
export type Answer = {
  readonly say: (said: Said) => void
  /** Takes what a command writes byte for byte; slow readers hold it up. */
  readonly stdout: Writable
  readonly stderr: Writable
  /** Sends what is left; resolves when all of it is with the client, or the client has gone. */
  finish(code: number): Promise<void>
}

export type AnswerOptions = {
  readonly outgoing: ServerResponse
  /** All that is said, as it is said, a JSON document a line; without, the result alone. */
  readonly lively: boolean
  /** Aborted when the client can no longer be reached. */
  readonly gone: AbortSignal
}

/** The header, or behind a body the trailer, with the command's exit code. */
export const exitCodeHeader = 'Paas-Exit-Code'

/**
 * Answers with the command's result, or with what goes on as lines, or with its bytes, whichever comes first; a failure
 * has a status of its own for as long as nothing was sent. After that one that was thrown breaks the connection off,
 * so that half an answer is never taken for a whole one; in a lively answer it is a line, and the last line tells the exit code.
 */
export function answerTo({ outgoing, lively, gone }: AnswerOptions): Answer {
  const failures: Failure[] = []
  let result: { readonly facts: unknown } | undefined
  let said = ''

  const begin = (type: string): void => {
    if (outgoing.headersSent) return
    outgoing.writeHead(200, {
      ...headersOf(type),
      ...(lively ? {} : { trailer: exitCodeHeader }),
    })
  }
  const send = (chunk: Buffer | string): Promise<void> => sent(outgoing, chunk, gone)
  const sendLine = (document: unknown): Promise<void> => {
    begin(lines)
    return send(`${JSON.stringify(document)}\n`)
  }
  const texts = { output: new StringDecoder('utf8'), errors: new StringDecoder('utf8') }
  const sendText = async (key: keyof typeof texts, chunk: Buffer | string): Promise<void> => {
    const text = typeof chunk === 'string' ? chunk : texts[key].write(chunk)
    if (text !== '') await sendLine({ [key]: text })
  }
  // Objects are what is said, in its order with what is written byte for byte.
  const stdout = listened<Buffer | string | Said>(async (chunk) => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) {
      if (lively) return await sendText('output', chunk)
      begin('application/octet-stream')
      return await send(chunk)
    }
    await sendLine(!lively && 'item' in chunk ? chunk.item : chunk)
  })
  const stderr = listened<Buffer | string>(async (chunk) => {
    if (lively) return await sendText('errors', chunk)
    said = (said + chunk.toString()).slice(-mostSaid)
  })

  return {
    stdout,
    stderr,
    say: (each) => {
      if ('error' in each) failures.push(each.error)
      if ('result' in each) result = { facts: each.result }
      // A failure that comes first is told by the status.
      if ('error' in each) {
        if (lively && outgoing.headersSent) stdout.write({ error: shown(each.error) })
      } else if (lively || 'item' in each) stdout.write(each)
    },
    finish: async (code) => {
      await Promise.all([ended(stdout), ended(stderr)])
      if (gone.aborted || outgoing.destroyed) return
      if (!outgoing.headersSent) return await sendDocument(code)
      if (lively) {
        // Half a character at the end of what a program wrote.
        for (const key of ['output', 'errors'] as const) await sendText(key, texts[key].end())
        await sendLine({ exitCode: code })
      } else if (failures.length > 0) {
        outgoing.destroy()
        return
      } else outgoing.addTrailers({ [exitCodeHeader]: String(code) })
      await closed(outgoing)
    },
  }

  async function sendDocument(code: number): Promise<void> {
    const [failure] = failures
    if (code === exitCode.done) return await sendJson(outgoing, 200, code, result?.facts ?? null)
    await sendJson(outgoing, statusOf(code, failure), code, {
      exitCode: code,
      error: failure
        ? shown(failure)
        : {
            message: `The command ended with exit code ${code}`,
            hint: null,
            lines: said.split('\n').filter(Boolean),
          },
      ...(result ? { result: result.facts } : {}),
    })
  }
}

const shown = ({ message, hint, lines }: Failure): Omit<Failure, 'internal'> => ({ message, hint, lines })

/** What a request is refused with before a command ran, in the form of a command's failure. */
export function refusal(code: number, message: string, hint: string | null = null): Readonly<object> {
  return { exitCode: code, error: { message, hint, lines: [] } }
}

/** Headers of every answer. */
export const headersOf = (type: string): Record<string, string> => ({
  'content-type': type,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
})

/** Sends one JSON document and ends the response. */
async function sendJson(
  outgoing: ServerResponse,
  status: number,
  code: number,
  document: unknown,
): Promise<void> {
  const body = `${JSON.stringify(document, null, 2)}\n`
  outgoing.writeHead(status, {
    ...headersOf('application/json'),
    'content-length': String(Buffer.byteLength(body)),
    [exitCodeHeader]: String(code),
  })
  await closed(outgoing, body)
}

/** HTTP's word for an exit code. */
export function statusOf(code: number, failure?: Pick<Failure, 'internal'>): number {
  if (failure?.internal) return 500
  return statuses.get(code) ?? 422
}

const statuses: ReadonlyMap<number, number> = new Map([
  [exitCode.done, 200],
  [exitCode.usage, 400],
  [exitCode.notAllowed, 403],
  [exitCode.noSuchApp, 404],
  [exitCode.unavailable, 503],
  [exitCode.interrupted, 503],
])

const lines = 'application/x-ndjson'
/** Characters that are kept of what a command that fails wrote to stderr. */
const mostSaid = 16 * 1024

function listened<Chunk>(write: (chunk: Chunk) => Promise<void>): Writable {
  const stream = new Writable({
    objectMode: true,
    write: (chunk: Chunk, _encoding, done) => {
      write(chunk).then(() => done(), done)
    },
  })
  return stream.on('error', () => {})
}

/** Resolves when the client's side has taken it, or the client has gone. */
function sent(outgoing: ServerResponse, chunk: Buffer | string, gone: AbortSignal): Promise<void> {
  if (gone.aborted || chunk.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener('abort', done)
      resolve()
    }
    gone.addEventListener('abort', done, { once: true })
    outgoing.write(chunk, done)
  })
}

function closed(outgoing: ServerResponse, last?: string): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('close', resolve)
    outgoing.once('finish', resolve)
    outgoing.end(last)
  })
}
