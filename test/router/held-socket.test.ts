import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { heldSocket } from '../../router/held-socket.ts'
import { frugal } from '../../scripts/compile-cache.ts'
import { inspectPart } from '../../scripts/inspect-part.ts'
import { layout } from '../../scripts/layout.ts'
import type { Part } from '../../scripts/parts.ts'
import { startPart } from '../../scripts/start-part.ts'
import { stopPart } from '../../scripts/stop-part.ts'
import { startBackend, startRouter } from './harness.ts'
import { route } from './publish.ts'

const patience = { timeout: 15_000, interval: 20 }

test('While the router is away HAProxy serves without spinning, and no line of its log is lost or doubled', async () => {
  await using router = await startRouter()
  await using backend = await startBackend('app')
  await router.publish({ 'app-1': route(['app.test'], [backend.address]) })
  await router.stop('router')
  await using supervised = await superviseRouter(router)
  await router.get('app.test', '/before')
  await vi.waitUntil(async () => (await router.log('app-1')).includes('"/before"'), patience)

  supervised.pause()
  process.kill(await supervised.pid(), 'SIGKILL')
  await vi.waitUntil(() => waitsFor(supervised.socket), patience)

  const haproxy = await router.haproxyPid()
  const before = await ticks(haproxy)
  const second = delay(1_000)
  const paths = Array.from({ length: 200 }, (_, number) => `/meanwhile/${number}.`)
  for (const path of paths) expect((await router.get('app.test', path)).body).toBe('app')
  await second
  // Of 100 on one core; a loop that connects without a pause takes all that it gets.
  expect((await ticks(haproxy)) - before).toBeLessThan(30)

  supervised.resume()
  await vi.waitUntil(async () => (await router.log('app-1')).includes('"/meanwhile/199."'), patience)
  await router.get('app.test', '/after')
  await vi.waitUntil(async () => (await router.log('app-1')).includes('"/after"'), patience)
  const text = await router.log('app-1')
  expect(paths.map((path) => text.split(`"${path}"`).length - 1)).toEqual(paths.map(() => 1))
})

test('A socket that somebody removed is there again when the router starts again', async () => {
  await using router = await startRouter()
  await using backend = await startBackend('app')
  await router.publish({ 'app-1': route(['app.test'], [backend.address]) })
  await router.stop('router')
  await using supervised = await superviseRouter(router)
  await rm(supervised.socket)
  // The second one finds what the first has left there.
  for (const path of ['/first', '/second']) {
    const killed = await supervised.pid()
    process.kill(killed, 'SIGKILL')
    await vi.waitUntil(async () => (await supervised.pid()) !== killed, patience)
    await router.get('app.test', path)
    await vi.waitUntil(async () => (await router.log('app-1')).includes(`"${path}"`), patience)
  }
})

test.each([{ LISTEN_FDS: '1' }, { LISTEN_FDS: '1', LISTEN_PID: `${process.pid}` }])(
  'The router takes the socket that %j gives it',
  (environment) => {
    expect(heldSocket(environment)).toBe(3)
  },
)

test.each([
  ['nobody holds one', {}],
  ['it is meant for another process', { LISTEN_FDS: '1', LISTEN_PID: '1' }],
  ['there are several', { LISTEN_FDS: '2' }],
])('The router listens by itself where %s', (_, environment) => {
  expect(heldSocket(environment)).toBeUndefined()
})

/** The router as `make up` runs it, beside the HAProxy and the Redis of `router`. */
async function superviseRouter(router: Awaited<ReturnType<typeof startRouter>>) {
  const places = layout(router.home)
  const socket = join(router.directory, 'log.sock')
  await mkdir(places.logs)
  const part: Part = {
    name: 'router',
    command: [process.execPath, ...frugal, join(import.meta.dirname, '../../router/main.ts')],
    prefix: [],
    folder: router.directory,
    environment: {
      PATH: process.env.PATH ?? '',
      PAAS_HTTP_HOST: '127.0.0.1',
      PAAS_HTTP_PORT: `${router.port}`,
      PAAS_HTTPS_PORT: `${router.httpsPort}`,
    },
    inheritsEnvironment: false,
    listens: [],
    holds: { path: socket, owner: undefined },
  }
  await startPart({ part, places, code: '' })
  const supervisor = (signal: NodeJS.Signals): void => {
    process.kill(inspectPart('router', places).supervisor?.pid ?? 0, signal)
  }
  const pid = (): Promise<number> =>
    vi.waitUntil(() => inspectPart('router', places).child?.pid, patience) as Promise<number>
  await pid()
  return {
    socket,
    pid,
    pause: () => supervisor('SIGSTOP'),
    resume: () => supervisor('SIGCONT'),
    async [Symbol.asyncDispose]() {
      supervisor('SIGCONT')
      await stopPart('router', places)
    },
  }
}

/** Whether a connection to the Unix socket at `path` is made that nobody has accepted yet: state 02 in proc(5). */
async function waitsFor(path: string): Promise<boolean> {
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n')
  return lines.some((line) => {
    const [, , , , , state, , socket] = line.trim().split(/\s+/)
    return state === '02' && socket === path
  })
}

/** Hundredths of a second that the process has computed for. */
async function ticks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
