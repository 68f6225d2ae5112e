import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { http } from '../net/lean-http.ts'
import { listening } from '../net/listening.ts'
import { type Startup, type StartupLimits, Startups } from '../ssh/startups.ts'
import { type ApplicationOptions, application } from './application.ts'
import { RunningRequests } from './running-requests.ts'

export type HttpLimits = StartupLimits & {
  /** Connections in all. */
  readonly connections: number
  readonly headerBytes: number
  /** In which all headers of a request are here. */
  readonly headersMs: number
  /** How long commands may take to end when the door closes, or their token ends. */
  readonly closeMs: number
}

export const defaultHttpLimits: HttpLimits = {
  loginGraceMs: 30_000,
  unauthenticated: 128,
  unauthenticatedPerAddress: 64,
  connections: 500,
  headerBytes: 8 * 1024,
  headersMs: 10_000,
  closeMs: 3_000,
}

export type HttpDoorOptions = Omit<ApplicationOptions, 'running' | 'onProved'> & {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly limits?: Partial<HttpLimits>
}

export type HttpDoor = AsyncDisposable & {
  readonly port: number
  /** Ends every request that this token made. */
  endSessionsOf(fingerprint: string): Promise<void>
}

/** Opens the HTTP API. Throws `UnavailableError` when the port is taken. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const limits: HttpLimits = { ...defaultHttpLimits, ...options.limits }
  await using opened = new AsyncDisposableStack()
  const running = opened.use(new RunningRequests({ store: options.paas.store, closeMs: limits.closeMs }))
  const startups = new Startups(limits, () => {})
  const unproved = new WeakMap<Socket, Startup>()
  const onProved = (socket: Socket): void => unproved.get(socket)?.leave()
  const handle = getRequestListener(application({ ...options, running, onProved }).fetch, {
    overrideGlobalObjects: false,
  })
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    leaveWithBody(incoming, outgoing)
    void handle(incoming, outgoing)
  }
  const server = http.createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: 1_000,
      // A deploy's archive takes as long as it takes; who falls silent in one is noticed where it is read.
      requestTimeout: 0,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      noDelay: true,
    },
    onRequest,
  )
  server.maxConnections = limits.connections
  server.on('connection', (socket) => {
    const startup = startups.enter(socket)
    unproved.set(socket, startup)
    socket.once('close', () => startup.leave())
  })
  // Without a listener each client that asks would be told to send its body before it has shown a token.
  server.on('checkContinue', onRequest)
  server.on('clientError', refuseNonsense)
  const { host, port } = options
  await listening(server, { host, port, what: 'The HTTP API', settings: 'PAAS_API_HOST and PAAS_API_PORT' })
  opened.defer(() => close(server))
  const address = server.address()
  const kept = opened.move()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    endSessionsOf: (fingerprint) => running.endOf(fingerprint),
    [Symbol.asyncDispose]: async () => {
      const closed = running.endAll()
      server.close()
      await closed
      await kept.disposeAsync()
    },
  }
}

/** A client that still sends a body which nobody wants any more has time to read the answer, and no more. */
function leaveWithBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once('finish', () => {
    if (incoming.complete) return
    incoming.resume()
    setTimeout(() => incoming.socket.destroy(), leaveMs).unref()
  })
}

const leaveMs = 1_000

/** What is no HTTP gets one line, and the connection ends. */
function refuseNonsense(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  if (!server.listening) return
  await new Promise((resolve) => server.close(resolve))
}
