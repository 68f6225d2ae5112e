import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { TestInstance } from './instance.ts'

export type LoadOptions = {
  readonly host: string
  /** Plain requests in a second, each second one over a connection that is kept. */
  readonly perSecond: number
  /** Long requests, uploads and streams too: for `loadApp`. */
  readonly all?: boolean
}

export type LoadReport = {
  /** Requests that were answered as they should be. */
  readonly done: number
  /** Reason -> how many requests failed for it. */
  readonly failed: Readonly<Record<string, number>>
  /** By kind, for the reader. */
  readonly kinds: Readonly<Record<string, number>>
  /** What 99 of 100 plain requests over a kept connection took at most. */
  readonly p99Ms: number
}

const slowMs = 1_500
const pieces = 6
const pieceBytes = 20_000

/** Requests through the router, in every way a browser has, for as long as `work` runs; then what is in flight ends. */
export async function underLoad(
  instance: Pick<TestInstance, 'httpPort'>,
  { host, perSecond, all = false }: LoadOptions,
  work: () => Promise<void>,
): Promise<LoadReport> {
  const kept = new Agent({ keepAlive: true, maxSockets: 8 })
  const count = { done: 0, failed: new Map<string, number>(), kinds: new Map<string, number>() }
  const pending = new Set<Promise<void>>()
  const started = performance.now()
  const plainMs: number[] = []
  const send = (kind: string, ask: () => Promise<void>): void => {
    const sentAt = performance.now()
    const one = ask().then(
      () => {
        count.done++
        if (kind === 'kept') plainMs.push(performance.now() - sentAt)
        count.kinds.set(kind, (count.kinds.get(kind) ?? 0) + 1)
      },
      (error: Error) => {
        const at = ((performance.now() - started) / 1000).toFixed(1)
        const reason = `${kind}: ${error.message}`
        if (!count.failed.has(reason)) console.log(`${host} after ${at} s: ${reason}`)
        count.failed.set(reason, (count.failed.get(reason) ?? 0) + 1)
      },
    )
    pending.add(one)
    void one.finally(() => pending.delete(one))
  }
  const target = { host: '127.0.0.1', port: instance.httpPort, headers: { host } }
  let sent = 0
  const tick = (): void => {
    // After a busy moment what was missed is sent, so that the rate is kept; a burst is bounded.
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond)
    sent = Math.max(sent, due - perSecond)
    for (; sent < due; sent++) {
      if (sent % 2 === 0) send('get', () => expect200({ ...target, agent: false }))
      else send('kept', () => expect200({ ...target, agent: kept }))
      if (all && sent % 10 === 0)
        send('slow', () => expect200({ ...target, path: `/slow?ms=${slowMs}`, agent: false }, 'slow'))
      if (all && sent % 10 === 5) send('upload', () => upload(target))
      if (all && sent % 20 === 7)
        send('stream', () => expect200({ ...target, path: '/stream?ms=1000', agent: false }, 'data: end\n\n'))
    }
  }
  const timer = setInterval(tick, 20)
  try {
    await work()
  } finally {
    clearInterval(timer)
    await Promise.all(pending)
    kept.destroy()
  }
  return {
    done: count.done,
    failed: Object.fromEntries(count.failed),
    kinds: Object.fromEntries(count.kinds),
    p99Ms: plainMs.sort((one, other) => one - other)[Math.floor(plainMs.length * 0.99)] ?? Number.NaN,
  }
}

type Target = { readonly host: string; readonly port: number; readonly headers: { readonly host: string } }
type Asked = Target & { readonly path?: string; readonly agent: Agent | false }

/** Answered with 200 and a body to its end, which is `end` where that is given. */
async function expect200(asked: Asked, end?: string): Promise<void> {
  const { status, body } = await answer(request({ timeout: 20_000, ...asked }), (outgoing) => outgoing.end())
  if (status !== 200) throw new Error(`status ${status}`)
  if (end !== undefined && !body.endsWith(end)) throw new Error(`the body ends with ${body.slice(-20)}`)
}

/** A body in pieces over 600 ms, of which every byte must arrive. */
async function upload(target: Target): Promise<void> {
  const bytes = pieces * pieceBytes
  const headers = { ...target.headers, 'content-length': bytes }
  const outgoing = request({
    ...target,
    headers,
    method: 'POST',
    path: '/upload',
    agent: false,
    timeout: 20_000,
  })
  const { status, body } = await answer(outgoing, async () => {
    for (let piece = 0; piece < pieces; piece++) {
      outgoing.write(Buffer.alloc(pieceBytes, piece))
      await wait(100)
    }
    outgoing.end()
  })
  if (status !== 200) throw new Error(`status ${status}`)
  if (body !== String(bytes)) throw new Error(`${body} of ${bytes} bytes arrived`)
}

function answer(
  outgoing: ReturnType<typeof request>,
  write: (outgoing: ReturnType<typeof request>) => unknown,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for 20 s')))
    outgoing.on('response', (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    void write(outgoing)
  })
}

/** A WebSocket held open through the router. */
export type HeldSocket = {
  /** Sends `text` and returns when it has come back. */
  echo(text: string): Promise<void>
  isOpen(): boolean
  close(): Promise<void>
}

export async function openSocket(
  instance: Pick<TestInstance, 'httpPort'>,
  host: string,
): Promise<HeldSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${instance.httpPort}/`, {
    headers: { host },
    perMessageDeflate: false,
  })
  const closed = Promise.withResolvers<void>()
  socket.on('close', () => closed.resolve())
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', resolve)
  })
  return {
    echo: (text) =>
      new Promise((resolve, reject) => {
        const onMessage = (data: Buffer): void => {
          if (data.toString() !== text) return
          socket.off('message', onMessage)
          resolve()
        }
        socket.on('message', onMessage)
        closed.promise.then(() => reject(new Error('The WebSocket was closed')))
        socket.send(text, (error) => error && reject(error))
      }),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    async close() {
      socket.close()
      await closed.promise
    },
  }
}
