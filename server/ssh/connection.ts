import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { EndedByServerError } from '../errors.ts'
import type { Person } from './authentication.ts'
import { channelStreams } from './channel-streams.ts'
import type { DoorEvent } from './door.ts'
import type { Session, SessionEnvironment, Terminal, TerminalSize } from './session.ts'
import {
  type Connection,
  peerPacketSize,
  type ServerChannel,
  type Ssh2Session,
  type WindowChangeInfo,
} from './ssh2.ts'

export type ConnectionLimits = {
  /** Sessions that one connection may have open at a time. */
  readonly sessions: number
  /** Keys are exchanged anew after this many bytes, or this much time. */
  readonly rekeyBytes: number
  readonly rekeyMs: number
}

export type ServedConnection = {
  readonly person: Person
  readonly sessions: ReadonlySet<Session>
  /** Aborts what runs, lets it end for at most `waitMs`, and closes. */
  end(waitMs: number): Promise<void>
}

export type ServeOptions = {
  readonly connection: Connection
  readonly socket: Socket
  readonly person: Person
  readonly sshUser: string
  readonly address: string
  readonly limits: ConnectionLimits
  readonly run: (session: Session) => Promise<number>
  readonly log: (event: DoorEvent) => void
}

/**
 * Serves the sessions of one authenticated connection. Forwarding, subsystems, agents and X11 have no listener
 * and are therefore refused.
 */
export function serveConnection(options: ServeOptions): ServedConnection {
  const { connection, socket, limits } = options
  const sessions = new Map<Session, AbortController>()
  const channels = new Set<ServerChannel>()
  const runs = new Set<Promise<void>>()
  const lost = new AbortController()
  let open = 0
  let unused = 0

  const onLost = (): void => lost.abort()
  connection.on('end', onLost)
  connection.on('close', onLost)
  rekeyInTime(connection, socket, limits)

  // A client that ignores its window could fill our memory.
  socket.on('data', () => {
    for (const channel of channels) if (channel.readableLength > hoardLimit) socket.destroy()
  })

  connection.on('session', (accept, reject) => {
    // ssh2 never frees a session that was closed before its command.
    if (open >= limits.sessions || unused >= 100) return reject()
    open += 1
    unused += 1
    const closed = new AbortController()
    const gone = AbortSignal.any([closed.signal, lost.signal])
    const incoming = accept()
    incoming.on('error', () => {})
    incoming.on('close', () => {
      if (!closed.signal.aborted) open -= 1
      closed.abort()
    })
    const request = sessionRequest(incoming)

    const start = (acceptChannel: () => ServerChannel | undefined, line: string): void => {
      const channel = acceptChannel()
      if (channel === undefined) return
      unused -= 1
      if (peerPacketSize(channel) < 512) {
        socket.destroy()
        return
      }
      channels.add(channel)
      const interrupted = new AbortController()
      incoming.on('signal', (_accept: unknown, _reject: unknown, info: { name: string }) => {
        if (endingSignals.has(info.name)) interrupted.abort()
      })
      const running = runSession({
        options,
        channel,
        line,
        gone,
        interrupted,
        environment: request.environment,
        terminal: request.terminal,
        sessions,
      }).finally(() => {
        channels.delete(channel)
        runs.delete(running)
      })
      runs.add(running)
    }
    incoming.on('exec', (acceptChannel, _reject, info) => start(acceptChannel, info.command))
    incoming.on('shell', (acceptChannel) => start(acceptChannel, ''))
  })

  return {
    person: options.person,
    get sessions() {
      return new Set(sessions.keys())
    },
    end: async (waitMs) => {
      for (const controller of sessions.values()) controller.abort(new EndedByServerError())
      if (runs.size > 0) {
        await within(waitMs, Promise.allSettled([...runs]))
        // A client that has its exit code goes by itself; one that is cut off first shows 255.
        if (!lost.signal.aborted) await within(Math.min(waitMs, 500), once(lost.signal, 'abort'))
      }
      connection.end()
      // A peer that never closes its side would hold the socket.
      setTimeout(() => socket.destroy(), 500).unref()
    },
  }
}

async function within(ms: number, awaited: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([awaited, late])
  clearTimeout(timer)
}

async function runSession(given: {
  readonly options: ServeOptions
  readonly channel: ServerChannel
  readonly line: string
  readonly gone: AbortSignal
  readonly interrupted: AbortController
  readonly environment: SessionEnvironment
  readonly terminal: Terminal | undefined
  readonly sessions: Map<Session, AbortController>
}): Promise<void> {
  const { options, channel, gone, interrupted, sessions } = given
  const { flush, ...streams } = channelStreams(channel, options.socket, gone)
  const session: Session = {
    person: options.person,
    sshUser: options.sshUser,
    address: options.address,
    line: given.line,
    environment: { ...given.environment },
    terminal: given.terminal,
    signal: AbortSignal.any([gone, interrupted.signal]),
    ...streams,
  }
  sessions.set(session, interrupted)
  let code = 1
  try {
    code = await options.run(session)
  } catch (error) {
    const ref = randomBytes(4).toString('hex')
    options.log({ event: 'failed', ref, person: session.person, line: session.line, error })
    session.stderr.write(`Internal error (${ref})\n`)
  }
  await flush()
  sessions.delete(session)
  streams.stdin.destroy()
  if (gone.aborted) return
  // exit() before end(): a channel that closes first is seen as 255.
  channel.exit(Number.isInteger(code) ? code & 0xff : 1)
  channel.end()
}

const endingSignals: ReadonlySet<string> = new Set(['INT', 'TERM', 'HUP', 'QUIT', 'KILL'])

// ssh2's window is 2 MiB; with its buffers a client that keeps to it stays below this.
const hoardLimit = 8 * 1024 * 1024

/** Collects what a client sends before its command: environment and terminal. */
function sessionRequest(incoming: Ssh2Session): {
  readonly environment: SessionEnvironment
  readonly terminal: Terminal | undefined
} {
  const request: { environment: SessionEnvironment; terminal: Terminal | undefined } = {
    environment: {},
    terminal: undefined,
  }
  let size: TerminalSize = { columns: 80, rows: 24 }
  const listeners = new Set<(size: TerminalSize) => void>()

  incoming.on('env', (accept: (() => void) | undefined, reject: (() => void) | undefined, info: unknown) => {
    const { key, val } = info as { key: string; val: string }
    if (key === 'GIT_PROTOCOL' && /^version=[012]$/.test(val)) {
      request.environment = { ...request.environment, GIT_PROTOCOL: val }
    } else if (key === 'PAAS_APP' && val.length <= 64) {
      request.environment = { ...request.environment, PAAS_APP: val }
    } else {
      reject?.()
      return
    }
    accept?.()
  })
  incoming.on('pty', (accept: (() => void) | undefined, _reject: unknown, info) => {
    size = terminalSize(info)
    request.terminal = {
      term: /^[A-Za-z0-9._+-]{1,40}$/.test(info.term) ? info.term : 'dumb',
      get columns() {
        return size.columns
      },
      get rows() {
        return size.rows
      },
      onResize: (listener) => {
        listeners.add(listener)
      },
    }
    accept?.()
  })
  incoming.on('window-change', (accept: (() => void) | undefined, _reject: unknown, info) => {
    size = terminalSize(info)
    for (const listener of listeners) listener(size)
    accept?.()
  })
  return request
}

function terminalSize(info: Pick<WindowChangeInfo, 'cols' | 'rows'>): TerminalSize {
  const bounded = (value: number, otherwise: number): number =>
    value > 0 ? Math.min(value, 1000) : otherwise
  return { columns: bounded(info.cols, 80), rows: bounded(info.rows, 24) }
}

/** ssh2 never rekeys by itself. */
function rekeyInTime(connection: Connection, socket: Socket, limits: ConnectionLimits): void {
  let sinceBytes = 0
  let since = Date.now()
  const timer = setInterval(() => {
    const bytes = socket.bytesRead + socket.bytesWritten
    if (bytes - sinceBytes < limits.rekeyBytes && Date.now() - since < limits.rekeyMs) return
    sinceBytes = bytes
    since = Date.now()
    connection.rekey()
  }, 1000)
  timer.unref()
  const stop = (): void => clearInterval(timer)
  connection.on('end', stop)
  connection.on('close', stop)
}
