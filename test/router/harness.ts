import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { drainingKey, type RouterState, routersKey } from '../../router/contract.ts'
import { certificateFolder } from '../../router/paths.ts'
import { frugal } from '../../scripts/compile-cache.ts'
import { leanEnvironment } from '../../scripts/lean-environment.ts'
import { freePort } from '../free-port.ts'
import { bootId, createPublisher } from './publish.ts'

export type Answer = {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

const checkout = join(import.meta.dirname, '..', '..')

/** Redis, HAProxy and the router in a folder of their own, with a loop that starts HAProxy again when it dies. */
export async function startRouter(
  options: { readonly redis?: boolean; readonly environment?: Readonly<Record<string, string>> } = {},
) {
  const home = await mkdtemp('/tmp/paas-router-')
  await mkdir(join(home, 'run'))
  await mkdir(join(home, 'router'))
  const port = await freePort()
  const httpsPort = await freePort()
  const metricsPort = await freePort()
  const socket = join(home, 'run', 'redis.sock')
  const directory = join(home, 'router')
  const processes: { redis?: ChildProcess; router?: ChildProcess; haproxy?: ChildProcess } = {}
  let supervise = true

  const run = (
    name: string,
    command: string,
    args: string[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess => {
    const child = spawn(command, args, {
      cwd: import.meta.dirname,
      env: {
        PATH: process.env.PATH,
        PAAS_HOME: home,
        PAAS_HTTP_HOST: '127.0.0.1',
        PAAS_HTTP_PORT: `${port}`,
        PAAS_HTTPS_PORT: `${httpsPort}`,
        PAAS_METRICS_PORT: `${metricsPort}`,
        ...options.environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createWriteStream(join(home, `${name}.log`), { flags: 'a' })
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    child.on('error', (error) => log.write(`${error}\n`))
    return child
  }

  const startRedis = async (): Promise<void> => {
    const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', home]
    processes.redis = run('redis', 'redis-server', args)
    await until('Redis answers', async () => {
      const client = connect(socket)
      return once(client, 'connect').then(
        () => client.destroy() !== undefined,
        () => false,
      )
    })
  }

  const startFollower = (): void => {
    const main = join(checkout, 'router', 'main.ts')
    processes.router = run('router', process.execPath, [...frugal, main], leanEnvironment(checkout))
  }

  const startHaproxy = async (): Promise<void> => {
    const file = join(directory, 'haproxy.cfg')
    await until('haproxy.cfg is written', async () =>
      (await readFile(file, 'utf8').catch(() => '')).startsWith(`# boot ${bootId}`),
    )
    if (!supervise) return
    const args = ['-W', '-db', '-S', `${join(directory, 'master.sock')},mode,600`, '-f', file]
    processes.haproxy = run('haproxy', 'haproxy', args)
    processes.haproxy.once('exit', () => {
      if (supervise) startHaproxy().catch(() => {})
    })
  }

  if (options.redis !== false) await startRedis()
  startFollower()
  await startHaproxy()
  const redis = new Redis(socket, { retryStrategy: () => 50 })
  redis.on('error', () => {})
  const publisher = createPublisher(redis)

  const state = async (): Promise<RouterState | undefined> => {
    const fields = Object.values(await redis.hgetall(routersKey))
    return fields[0] === undefined ? undefined : JSON.parse(fields[0])
  }

  const router = {
    home,
    directory,
    port,
    httpsPort,
    metricsPort,
    redis,
    publisher,
    processes,
    startFollower,
    startRedis,
    state,
    async acknowledged(generation: number): Promise<void> {
      await until(`generation ${generation} is acknowledged`, async () => {
        return ((await state())?.generation ?? -1) >= generation
      })
    },
    /** Publishes and waits until it is served. */
    async publish(changes: Parameters<typeof publisher.publish>[0]): Promise<void> {
      await router.acknowledged(await publisher.publish(changes))
    },
    async draining(): Promise<Record<string, string>> {
      const [id] = await redis.hkeys(routersKey)
      return id === undefined ? {} : redis.hgetall(drainingKey(id))
    },
    get(host: string, path = '/', headers: Record<string, string> = {}): Promise<Answer> {
      return get(port, path, { host, ...headers })
    },
    /** Sends bytes and returns all that comes back. */
    raw(text: string): Promise<string> {
      return rawRequest(port, text)
    },
    async log(name: string): Promise<string> {
      return readFile(join(directory, 'log', `${name}.log`), 'utf8').catch(() => '')
    },
    async report(): Promise<string> {
      return readFile(join(home, 'router.log'), 'utf8').catch(() => '')
    },
    async stop(name: 'redis' | 'router', signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
      await end(processes[name], signal)
    },
    async haproxyPid(): Promise<number> {
      const text = await command(join(directory, 'admin.sock'), 'show info').catch(() => '')
      return Number(/^Pid: (\d+)/m.exec(text)?.[1])
    },
    /** Kills HAProxy's worker, which takes its master along, and waits for the next. */
    async killHaproxy(): Promise<void> {
      const pid = await router.haproxyPid()
      process.kill(pid, 'SIGKILL')
      await until('another HAProxy answers', async () => {
        const now = await router.haproxyPid()
        return now > 0 && now !== pid
      })
    },
    async [Symbol.asyncDispose]() {
      supervise = false
      redis.disconnect()
      await end(processes.router, 'SIGKILL')
      await end(processes.haproxy, 'SIGTERM')
      await end(processes.redis, 'SIGKILL')
      await rm(home, { recursive: true, force: true })
      await rm(certificateFolder(home), { recursive: true, force: true })
    },
  }
  await until('HAProxy answers', () =>
    router.get('nobody').then(
      () => true,
      () => false,
    ),
  )
  return router
}

/** A web server at `127.0.0.x` that answers with `name`, unless `handle` does. */
export async function startBackend(
  name: string,
  handle?: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer((request, response) => {
    if (handle) handle(request, response)
    else response.end(name)
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await listen(server)
  const { address, port } = server.address() as AddressInfo
  return {
    address: `${address}:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

let lastByte = 1

async function listen(server: Server): Promise<void> {
  lastByte = (lastByte % 250) + 1
  server.listen(0, `127.0.0.${lastByte}`)
  await once(server, 'listening')
}

/** Waits until `condition` holds; throws after 15 seconds. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`)
    await delay(10)
  }
}

/** One request on a connection of its own. */
export function get(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part) => parts.push(part))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(parts).toString(),
          headers: response.headers,
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.setTimeout(3_000, () => socket.destroy())
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(text, 'latin1')
  })
}

function command(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let answer = ''
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(answer))
    socket.write(`${text}\n`)
  })
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
