import { userInfo } from 'node:os'
import { join, relative } from 'node:path'
import { routerPaths } from '../router/paths.ts'
import type { Settings } from '../server/settings.ts'
import { frugal } from './compile-cache.ts'
import type { Account, Identities } from './identity.ts'
import type { Layout } from './layout.ts'
import { leanEnvironment } from './lean-environment.ts'
import { mysqlContainer } from './mysql-image.ts'
import { routerEnvironment, serverEnvironment } from './part-environment.ts'

/** One process of an instance, as the supervisor and the systemd units start it. */
export type Part = {
  readonly name: 'redis' | 'mysql' | 'server' | 'router' | 'haproxy' | 'rotate'
  readonly command: Words
  /** What stands before `command` when root starts it without systemd: how it loses root. */
  readonly prefix: readonly string[]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** True: what the starter's environment holds (a proxy, a CA bundle) comes along. */
  readonly inheritsEnvironment: boolean
  readonly listens: readonly Listener[]
  /** A socket that its supervisor keeps open for it while it is away: `command` finds it as scripts/hold-socket says. */
  readonly holds?: HeldSocket
}

export type Words = readonly [string, ...string[]]

export type HeldSocket = {
  readonly path: string
  /** Whose it is and whose its folder is; undefined: of whoever starts it. */
  readonly owner: Account | undefined
}

export type Listener = { readonly setting: string; readonly host: string; readonly port: number }

/** The parts of an instance in the order in which they start. */
export function parts(
  settings: Settings,
  on: {
    readonly places: Layout
    readonly users: Identities
    readonly checkout: string
    /** False: unprivileged parts see the checkout only where it is mounted for them. */
    readonly othersReachCheckout: boolean
  },
): readonly Part[] {
  const { places, users, checkout } = on
  const script = (name: string): string => join(checkout, 'scripts', name)
  const code = on.othersReachCheckout ? checkout : places.code
  const intoCode = on.othersReachCheckout
    ? []
    : ['unshare', '--mount', script('with-code-at'), checkout, places.code]
  const plain = {
    prefix: [],
    folder: '/',
    environment: { PATH: path },
    inheritsEnvironment: false,
    listens: [],
  }

  const redis: Part = {
    ...plain,
    name: 'redis',
    command: redisServer(places),
    // Its socket is open to its group, and that is the router's.
    prefix: dropTo(users.redis && users.router && { ...users.redis, gid: users.router.gid }),
  }
  const mysql: Part = {
    ...plain,
    name: 'mysql',
    ...(settings.mysqlImage === undefined
      ? {
          command: [join(code, 'scripts', 'run-mysql'), places.mysql, userInfo().username],
          prefix: [...intoCode, ...dropTo(users.mysql)],
        }
      : {
          command: [
            script('run-mysql-image'),
            places.mysql,
            settings.mysqlImage,
            mysqlContainer(settings),
            settings.dockerHost,
          ],
        }),
  }
  const server: Part = {
    ...plain,
    name: 'server',
    command: [process.execPath, ...frugal, join(checkout, 'server', 'main.ts')],
    folder: checkout,
    environment: {
      ...serverEnvironment(settings),
      ...leanEnvironment(checkout),
      // A machine behind a proxy has an authority of its own, and Node asks the system for none by itself.
      NODE_USE_SYSTEM_CA: '1',
      PATH: path,
    },
    inheritsEnvironment: true,
    listens: [{ setting: 'PAAS_SSH_PORT', host: settings.sshHost, port: settings.sshPort }],
  }
  const router: Part = {
    ...plain,
    name: 'router',
    command: [join(code, relative(checkout, process.execPath)), ...frugal, join(code, 'router', 'main.ts')],
    prefix: [...intoCode, ...dropTo(users.router)],
    // Not the checkout: a `.env` there may hold what the router must not know.
    folder: places.router,
    environment: {
      ...routerEnvironment(settings),
      ...leanEnvironment(code),
      PATH: path,
    },
    // Where nobody listens, HAProxy tries again without a pause, all of a core's time.
    holds: { path: routerPaths(places.home).logSocket, owner: users.router },
  }
  const webPorts = [
    { setting: 'PAAS_HTTP_PORT', host: settings.httpHost, port: settings.httpPort },
    { setting: 'PAAS_HTTPS_PORT', host: settings.httpHost, port: settings.httpsPort },
  ]
  const haproxy: Part = {
    ...plain,
    name: 'haproxy',
    command: [join(code, 'scripts', 'run-haproxy'), places.router],
    prefix: [...intoCode, ...dropTo(users.router, webPorts)],
    folder: places.router,
    listens: webPorts,
  }
  const rotate: Part = { ...plain, name: 'rotate', command: [script('rotate-logs'), places.logs] }

  return [
    ...(settings.redisUrl ? [] : [redis]),
    ...(settings.mysqlUrl ? [] : [mysql]),
    server,
    router,
    haproxy,
    rotate,
  ]
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

function redisServer({ redis }: Layout): Words {
  return [
    'redis-server',
    ...['--port', '0', '--unixsocket', join(redis, 'redis.sock'), '--unixsocketperm', '770'],
    ...['--dir', redis, '--dbfilename', 'dump.rdb', '--save', '3600 1', '--appendonly', 'no'],
    ...['--notify-keyspace-events', 'KEA', '--daemonize', 'no', '--always-show-logo', 'no'],
  ]
}

/** Who loses root loses every group and every way back too; binding a port below 1024 stays possible. */
function dropTo(account: Account | undefined, ports: readonly Listener[] = []): string[] {
  if (!account) return []
  const low = ports.some(({ port }) => port < 1024) ? ',+net_bind_service' : ''
  return [
    ...['setpriv', '--reuid', `${account.uid}`, '--regid', `${account.gid}`, '--clear-groups'],
    ...['--no-new-privs', `--inh-caps=-all${low}`, `--ambient-caps=-all${low}`, `--bounding-set=-all${low}`],
  ]
}
