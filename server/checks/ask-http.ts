import { connect } from 'node:net'
import { firstBytes } from './first-bytes.ts'

export type HttpAnswer = {
  readonly status: number
  readonly body: string
  /** The body's first bytes, fit for a terminal. */
  readonly start: string
}

export type HttpQuestion = {
  readonly address: string
  readonly port: number
  readonly path: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly timeoutMs: number
  /** How much of the body is read; 0: the status alone, as soon as it is there. */
  readonly bodyBytes: number
  readonly signal: AbortSignal
}

const longestHead = 64 * 1024
const longestStatusLine = 32

/**
 * One GET; undefined where no HTTP answer came in time. The status line is read by hand: what follows is for the
 * router, which takes more than Node's strict parser does (bare LF in CGI answers).
 */
export function askHttp(question: HttpQuestion): Promise<HttpAnswer | undefined> {
  const { address, port, path, bodyBytes, timeoutMs, signal } = question
  const headers = new Map([['user-agent', 'paas-check'], ...question.headers, ['connection', 'close']])
  const head = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return new Promise((resolve) => {
    let answer = ''
    let status: number | undefined
    const socket = connect({ host: address, port, signal })
    const deadline = setTimeout(() => socket.destroy(), timeoutMs)
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      status ??= statusOf(answer)
      const enough = status === undefined ? longestStatusLine : bodyBytes && longestHead + bodyBytes
      if (answer.length >= enough) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(deadline)
      if (status === undefined) return resolve(undefined)
      const body = bodyOf(answer).slice(0, bodyBytes)
      resolve({ status, body, start: firstBytes(body) })
    })
  })
}

function statusOf(answer: string): number | undefined {
  const digits = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function bodyOf(answer: string): string {
  const end = /\r?\n\r?\n/.exec(answer)
  if (!end) return ''
  const head = answer.slice(0, end.index)
  const rest = answer.slice(end.index + end[0].length)
  const bytes = /^transfer-encoding:.*\bchunked\b/im.test(head) ? joinedChunks(rest) : rest
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function joinedChunks(text: string): string {
  let joined = ''
  for (let at = 0; at < text.length; ) {
    const size = /^([0-9a-f]{1,8})[^\n]*\n/i.exec(text.slice(at, at + 100))
    const length = Number.parseInt(size?.[1] ?? '0', 16)
    if (!size || length === 0) break
    at += size[0].length
    joined += text.slice(at, at + length)
    at += length + 2
  }
  return joined
}
