import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'

export type Fault =
  /** Nobody listens. */
  | 'refuse'
  /** The connection is taken and nothing ever answered. */
  | 'hang'
  /** Status 500 with the engine's kind of body. */
  | 'error'
  /** The connection ends in the middle of the answer's headers. */
  | 'cut'

/** Docker's API of a test's own in front of the real one, that misbehaves when told to. */
export type DockerProxy = AsyncDisposable & {
  /** For DOCKER_HOST. */
  readonly url: string
  /** From now on calls that match `at` (`POST /containers/create`, without the API's version) meet `fault`. */
  fail(fault: Fault, at?: RegExp): Promise<void>
  /** As if nothing had been. */
  heal(): Promise<void>
  /** Ends every connection that is open now, as a daemon that dies does. */
  dropAll(): void
  /** Calls that met the fault since `fail`. */
  readonly hits: number
  /** Calls that matched `at` since the start. */
  seen(at: RegExp): number
}

/** Starts the proxy at a unix socket, or a port of 127.0.0.1. */
export async function startDockerProxy(
  place: string | number,
  target = '/var/run/docker.sock',
): Promise<DockerProxy> {
  const open = new Set<Socket>()
  let fault: Fault | undefined
  let at = /./
  let hits = 0
  const calls: string[] = []
  const server = createServer((client) => {
    track(client)
    // The server's client opens a connection for each call: its first bytes name the call.
    client.once('data', (head: Buffer) => {
      const [, method = '', path = ''] = /^(\S+) (?:\/v[\d.]+)?(\S+)/.exec(head.toString('latin1')) ?? []
      const call = `${method} ${path}`
      calls.push(call)
      if (fault === undefined || !at.test(call)) return pass(client, head)
      hits++
      if (fault === 'error') client.end(failure)
      if (fault === 'cut') client.end('HTTP/1.1 200 OK\r\nContent-Ty')
      if (fault !== 'hang') return
      client.resume()
    })
  })
  server.on('error', () => {})

  function track(socket: Socket): void {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  function pass(client: Socket, head: Buffer): void {
    const engine = connect({ path: target, allowHalfOpen: true })
    track(engine)
    engine.write(head)
    client.pipe(engine).pipe(client)
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
  }
  function dropAll(): void {
    for (const socket of open) socket.destroy()
  }
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      if (typeof place === 'number') server.listen(place, '127.0.0.1', resolve)
      else {
        rmSync(place, { force: true })
        server.listen(place, resolve)
      }
    })
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

  await listen()
  return {
    url: typeof place === 'number' ? `tcp://127.0.0.1:${place}` : `unix://${place}`,
    seen: (wanted) => calls.filter((call) => wanted.test(call)).length,
    get hits() {
      return hits
    },
    async fail(next, where = /./) {
      hits = 0
      at = where
      fault = next
      if (next !== 'refuse') return
      const closed = close()
      dropAll()
      await closed
    },
    async heal() {
      fault = undefined
      if (!server.listening) await listen()
    },
    dropAll,
    async [Symbol.asyncDispose]() {
      const closed = close()
      dropAll()
      await closed
    },
  }
}

const message = JSON.stringify({ message: 'the daemon is not well' })
const failure = [
  'HTTP/1.1 500 Internal Server Error',
  'Content-Type: application/json',
  `Content-Length: ${message.length}`,
  'Connection: close',
  '',
  message,
].join('\r\n')
