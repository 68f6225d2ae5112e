import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { ownerOf } from './desired.ts'
import { createLogFiles } from './log-files.ts'
import { mostBytes, writeLine } from './log-line.ts'
import { cameToSlot, emptyRequest, field, numberOf, readRequest, textOf } from './logged-request.ts'
import { noServer, outcome } from './outcome.ts'
import type { Report } from './report.ts'
import { addressOf, isAppId, lookUp, type Routes, type Target } from './table.ts'
import type { Traffic } from './traffic.ts'

export type RequestLogOptions = {
  /** Unix socket that HAProxy's ring connects to. */
  readonly socket: string
  /** The file of one that listens there already: it is ours to accept from, and not to close for good. */
  readonly held: number | undefined
  readonly directory: string
  readonly report: Report
  routes(): Routes
  ownerOfSlot(name: string): string | undefined
  /** Counts what is written. */
  readonly traffic: Traffic
}

// One read for many lines: to wake for each costs HAProxy and us more than the line does. HAProxy holds 4 MB meanwhile.
const gatherMs = 10
const fullRead = 65_536

/** The running request log. */
export type RequestLog = AsyncDisposable & {
  /** Takes the names of the processes in `routes`, which are needed still when these have left. */
  learn(routes: Routes): void
}

/** Writes a line for each request into the file of its app, `foreign.log` or `unknown.log`, until it is disposed. */
export async function startRequestLog(options: RequestLogOptions): Promise<RequestLog> {
  const { socket: path, held, directory, report, routes, ownerOfSlot, traffic } = options
  const files = await createLogFiles({ directory, report })
  const sockets = new Set<Socket>()
  const dynos = createDynos()

  const request = emptyRequest()

  /** Writes what `request` is now. */
  const write = (): void => {
    const server = textOf(request, field.server)
    const target = targetOf(server)
    const ended = outcome(request)
    const parts = { outcome: ended, dyno: dynos.nameOf(server) }
    traffic.count(target, request, ended)
    files.append(target, mostBytes(request), (bytes, at) => writeLine(request, parts, bytes, at))
  }

  const targetOf = (server: string): string => {
    if (cameToSlot(request) && server !== noServer) return fileOf(ownerOf(server))
    const backend = textOf(request, field.backend)
    const host = textOf(request, field.host)
    // Without a host it was refused before anybody looked for one.
    if (backend === 'unknown' || host === '-') return 'unknown'
    return fileOf(ownerOfSlot(backend) ?? lookUp(routes(), host, textOf(request, field.path))?.id)
  }

  const take = (socket: Socket): void => {
    sockets.add(socket)
    const sequence = createSequence(report)
    const takeLine = (bytes: Buffer, start: number, end: number): void => {
      if (!readRequest(request, bytes, start, end)) return
      sequence.take(numberOf(request, field.sequence))
      write()
    }
    const lines = createLines(takeLine)
    socket.on('data', (part) => {
      lines.take(part)
      // More waits where a read was full.
      if (part.length >= fullRead) return
      socket.pause()
      setTimeout(() => socket.resume(), gatherMs)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      sequence.close()
      sockets.delete(socket)
    })
  }
  const listen = async (at: { fd: number } | { path: string }): Promise<Server> => {
    const server = createServer(take)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, resolve)
    })
    server.on('error', (error) => report(`the request log's socket: ${error.message}`))
    return server
  }

  const servers: Server[] = []
  if (held !== undefined) servers.push(await listen({ fd: held }))
  // Somebody may have removed the held one's path. It is heard on all the same: HAProxy may wait there already.
  if (held === undefined || !(await isListenedAt(path))) {
    await rm(path, { force: true })
    servers.push(await listen({ path }))
  }

  return {
    learn: dynos.learn,
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.close()
      // What HAProxy has sent is read first.
      for (const socket of sockets) socket.resume()
      await delay(gatherMs)
      for (const socket of sockets) socket.destroy()
      await files[Symbol.asyncDispose]()
    },
  }
}

const newline = 0x0a

/** Cuts what comes in parts into lines; `takeLine` gets the bytes, and where in them a line begins and its newline is. */
function createLines(takeLine: (bytes: Buffer, start: number, end: number) => void): {
  take(part: Buffer): void
} {
  let rest = Buffer.alloc(0)
  return {
    take(part) {
      let start = 0
      let end = part.indexOf(newline)
      if (end >= 0 && rest.length > 0) {
        const line = Buffer.concat([rest, part.subarray(0, end + 1)])
        takeLine(line, 0, line.length - 1)
        rest = Buffer.alloc(0)
        start = end + 1
        end = part.indexOf(newline, start)
      }
      for (; end >= 0; end = part.indexOf(newline, start)) {
        takeLine(part, start, end)
        start = end + 1
      }
      if (start < part.length) rest = Buffer.concat([rest, part.subarray(start)])
    },
  }
}

function isListenedAt(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = connect(path, () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => probe.destroy())
}

const fileOf = (id: string | undefined): string => {
  if (id === undefined) return 'unknown'
  return isAppId(id) ? id : 'foreign'
}

/** Names of processes by server name: remembered for a while after the server has left the table. */
function createDynos(): { learn(routes: Routes): void; nameOf(server: string): string | undefined } {
  let names = new Map<string, string>()
  let earlier = names
  let seen = new WeakSet<Target>()
  return {
    learn(routes) {
      if (names.size > 20_000) {
        earlier = names
        names = new Map()
        seen = new WeakSet()
      }
      for (const target of routes.targets.values()) {
        if (seen.has(target)) continue
        seen.add(target)
        for (const { url, process } of target.backends) names.set(`${target.id}_${addressOf(url)}`, process)
      }
    },
    nameOf: (server) => names.get(server) ?? earlier.get(server),
  }
}

/** Notices lines that never came: HAProxy numbers them, and its threads may swap neighbours. */
function createSequence(report: Report): { take(number: number): void; close(): void } {
  let first = -1
  let highest = -1
  let count = 0
  let missing = 0
  let reported = 0
  const timer = setInterval(check, 10_000)
  timer.unref()

  function check(): void {
    // A number that is still missing at the second look is no mere swap.
    const lost = Math.min(missing, highest - first + 1 - count)
    missing = highest - first + 1 - count
    if (lost > reported) report(`${lost - reported} lines of the request log were lost`)
    reported = Math.max(reported, lost)
  }

  return {
    take(number) {
      if (first < 0) first = number
      highest = Math.max(highest, number)
      count++
    },
    close() {
      clearInterval(timer)
      check()
    },
  }
}
