import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'

export type Call = {
  readonly token?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** An object is sent as JSON. */
  readonly body?: object | string | Uint8Array | Readable
}

export type Called = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly trailers: IncomingMessage['trailers']
  readonly text: string
  /** The body as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers
  readonly json: any
  /** False: the connection broke off. */
  readonly whole: boolean
}

/** One request to the HTTP API, on a connection of its own. */
export async function call(port: number, path: string, options: Call = {}): Promise<Called> {
  const response = await begin(port, path, options)
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('error', () => {})
  await closed(response)
  const text = Buffer.concat(chunks).toString('utf8')
  const { statusCode: status = 0, headers, trailers, complete: whole } = response
  return { status, headers, trailers, text, json: parsed(text), whole }
}

/** A request whose answer is looked at while it comes. */
export async function begin(port: number, path: string, options: Call = {}): Promise<IncomingMessage> {
  const { token, body, headers = {} } = options
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array || body instanceof Readable)
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    agent: false,
  })
  const answered = once(outgoing, 'response')
  outgoing.on('error', () => {})
  if (body instanceof Readable) body.pipe(outgoing)
  else outgoing.end(isJson ? JSON.stringify(body) : body)
  const [response] = (await answered) as [IncomingMessage]
  return response
}

/** The lines of an answer so far, each a JSON document, and a way to wait for one. */
export function linesOf(response: IncomingMessage): {
  readonly lines: () => readonly unknown[]
  saw(what: string): Promise<void>
} {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
  })
  response.on('error', () => {})
  return {
    lines: () => text.split('\n').slice(0, -1).map(parsed),
    async saw(what) {
      while (!text.includes(what)) {
        if (response.closed) throw new Error(`The answer ended without ${what}:\n${text}`)
        await Promise.race([once(response, 'data').catch(() => {}), closed(response)])
      }
    },
  }
}

/** Resolves when nothing more of it comes, however it ended. */
export async function closed(response: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  response.on('error', () => {})
  if (response.closed) return
  response.once('close', resolve)
  await promise
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
