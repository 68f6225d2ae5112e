import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/free-port.ts'
import { startRouter } from '../../test/router/harness.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { originConfiguration } from './peer.ts'
import type { Way } from './sliced.ts'

/** Routers run on one processor, who asks and who answers them on another. */
export const cores = { router: 0, load: 1 } as const

/** Pins this process, and with it every router that it starts, to `cores.router`. Throws where there is one processor. */
export function pinToRouterCore(): void {
  if (availableParallelism() < 2) throw new Error('make bench-router needs two processors')
  execFileSync('taskset', ['-acp', `${cores.router}`, `${process.pid}`], { stdio: 'ignore' })
}

export type Router = Awaited<ReturnType<typeof startRouter>>

/** What all sections measure: our router, and an nginx behind it that answers a kilobyte. */
export type Machine = AsyncDisposable & {
  readonly router: Router
  readonly origin: string
  readonly folder: string
}

/** Starts both. */
export async function startMachine(): Promise<Machine> {
  await using stack = new AsyncDisposableStack()
  const router = stack.use(await startRouter())
  const port = await freePort()
  const folder = join(router.home, 'bench')
  const origin: Nginx = await startNginx({
    folder: join(folder, 'origin'),
    core: cores.load,
    port,
    http: originConfiguration(port),
  })
  stack.use(origin)
  const moved = stack.move()
  return {
    router,
    origin: `127.0.0.1:${port}`,
    folder,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

/** Our router as a way to be measured: HAProxy, and what writes its log. */
export async function wayOf(router: Router, host: string): Promise<Way> {
  return { port: router.port, host, pids: [await router.haproxyPid(), router.processes.router?.pid ?? 0] }
}
