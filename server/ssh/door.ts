import { createServer, type Socket } from 'node:net'
import { UnavailableError } from '../errors.ts'
import { listening } from '../net/listening.ts'
import { authenticate, type OfferedKey, type Person } from './authentication.ts'
import { type ConnectionLimits, type ServedConnection, serveConnection } from './connection.ts'
import { holdKeyExchange } from './key-exchange-start.ts'
import type { Session } from './session.ts'
import { type Connection, heedRightGuess, nativeCryptoLoaded, SshServer, socketOf } from './ssh2.ts'
import { type Startup, type StartupLimits, Startups } from './startups.ts'

export type Limits = StartupLimits &
  ConnectionLimits & {
    /** Connections in all, authenticated ones included. */
    readonly connections: number
    /** Authenticated connections of one key. */
    readonly connectionsPerKey: number
    /** Failed tries to authenticate, as OpenSSH's MaxAuthTries. */
    readonly tries: number
    readonly keepaliveMs: number
    readonly keepaliveCount: number
    /** How long commands may take to end when the door closes. */
    readonly closeMs: number
  }

export const defaultLimits: Limits = {
  loginGraceMs: 30_000,
  unauthenticated: 256,
  unauthenticatedPerAddress: 64,
  connections: 1000,
  connectionsPerKey: 200,
  tries: 6,
  sessions: 10,
  keepaliveMs: 15_000,
  keepaliveCount: 3,
  rekeyBytes: 1024 ** 3,
  rekeyMs: 60 * 60_000,
  closeMs: 5000,
}

/** What the log learns. Nothing of it was checked for control characters. */
export type DoorEvent =
  | { readonly event: 'accepted'; readonly address: string; readonly person: Person }
  | { readonly event: 'refused'; readonly address: string; readonly reason: string }
  | {
      readonly event: 'failed'
      readonly ref: string
      readonly person: Person
      readonly line: string
      readonly error: unknown
    }
  | { readonly event: 'error'; readonly error: unknown }

export type DoorOptions = {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** The private host key's text. */
  readonly hostKey: string
  /** Who holds a key. Asked for every offer, so it must be quick and equally quick for all. */
  readonly identify: (key: OfferedKey) => Person | undefined
  /** Runs one command; its result is the exit code. */
  readonly run: (session: Session) => Promise<number>
  readonly log: (event: DoorEvent) => void
  readonly limits?: Partial<Limits>
}

export type Door = AsyncDisposable & {
  readonly port: number
  sessionsOf(fingerprint: string): readonly Session[]
  /** Ends every connection that this key opened. */
  endSessionsOf(fingerprint: string): Promise<void>
}

/**
 * Opens the SSH server: public keys only, one callback a command.
 * Throws `UnavailableError` when the port is taken or ssh2's native binding is not built.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const limits: Limits = { ...defaultLimits, ...options.limits }
  if (!nativeCryptoLoaded()) {
    throw new UnavailableError("ssh2's native binding is not built for this Node", {
      next: 'npm rebuild ssh2, with Node 24 first in PATH',
    })
  }
  const { log } = options
  const refused = (socket: Socket, reason: string): void =>
    log({ event: 'refused', address: socket.remoteAddress ?? '', reason })
  const startups = new Startups(limits, refused)
  const served = new Set<ServedConnection>()
  const sockets = new Map<Socket, Startup>()

  const of = (fingerprint: string): ServedConnection[] =>
    [...served].filter((connection) => connection.person.fingerprint === fingerprint)

  const ssh = new SshServer({
    hostKeys: [options.hostKey],
    ident: 'paas',
    algorithms,
    keepaliveInterval: limits.keepaliveMs,
    keepaliveCountMax: limits.keepaliveCount,
  })
  ssh.on('error', (error: unknown) => log({ event: 'error', error }))
  ssh.on('connection', (connection) => {
    const socket = socketOf(connection)
    if (socket === undefined) return connection.end()
    welcome(connection, socket)
  })

  const welcome = (connection: Connection, socket: Socket): void => {
    const startup = sockets.get(socket)
    const address = socket.remoteAddress ?? ''
    startup?.advance('greeted')
    heedRightGuess(connection)
    // Whatever a client does wrong ends its connection and nothing else.
    connection.on('error', () => socket.destroy())
    connection.on('handshake', () => startup?.advance('keyed'))
    let accepted: { person: Person; sshUser: string } | undefined
    authenticate({
      connection,
      tries: limits.tries,
      identify: options.identify,
      onAccepted: (person, sshUser) => {
        accepted = { person, sshUser }
      },
      onRefused: (reason) => refused(socket, reason),
    })
    connection.once('ready', () => {
      if (accepted === undefined) return socket.destroy()
      startup?.leave()
      if (of(accepted.person.fingerprint).length >= limits.connectionsPerKey) {
        refused(socket, 'too many connections of one key')
        connection.end()
        return
      }
      log({ event: 'accepted', address, person: accepted.person })
      const { run } = options
      const connected = serveConnection({ connection, socket, ...accepted, address, limits, run, log })
      served.add(connected)
      connection.once('close', () => served.delete(connected))
    })
  }

  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    if (sockets.size >= limits.connections) {
      refused(socket, 'too many connections')
      socket.destroy()
      return
    }
    const startup = startups.enter(socket)
    sockets.set(socket, startup)
    socket.once('close', () => {
      startup.leave()
      sockets.delete(socket)
    })
    if (socket.destroyed) return
    ssh.injectSocket(socket)
    holdKeyExchange(socket)
  })
  const { host, port } = options
  await listening(server, { host, port, what: 'SSH', settings: 'PAAS_SSH_HOST and PAAS_SSH_PORT' })
  server.on('error', (error) => log({ event: 'error', error }))
  const bound = server.address()

  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    sessionsOf: (fingerprint) => of(fingerprint).flatMap((connection) => [...connection.sessions]),
    endSessionsOf: async (fingerprint) => {
      await Promise.all(of(fingerprint).map((connection) => connection.end(0)))
    },
    [Symbol.asyncDispose]: async () => {
      const { promise: closed, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      await Promise.all([...served].map((connection) => connection.end(limits.closeMs)))
      const unserved = [...sockets.keys()]
      setTimeout(() => {
        for (const socket of unserved) socket.destroy()
      }, 500)
      await closed
    },
  }
}

const algorithms = {
  // ssh2's defaults include a group exchange that its server does not implement.
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  serverHostKey: ['ssh-ed25519'],
  // No chacha20: Terrapin, with peers that lack strict key exchange. The encrypt-then-MAC ones go with CTR, which
  // it does not reach.
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  // The last is for dropbear's client, which has no other in common with us.
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256'],
  compress: ['none'],
} satisfies NonNullable<ConstructorParameters<typeof SshServer>[0]['algorithms']>
