import { join, relative } from 'node:path'
import type { Settings } from '../server/settings.ts'
import type { Account, Identities } from './identity.ts'
import type { Layout } from './layout.ts'
import { routerEnvironment, serverEnvironment } from './part-environment.ts'

/** One process of an instance, as the supervisor and the systemd units start it. */
export type Part = {
  readonly name: 'redis' | 'mysql' | 'server' | 'router' | 'haproxy' | 'rotate'
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** True: what the starter's environment holds (a proxy, a CA bundle) comes along. */
  readonly inheritsEnvironment: boolean
  readonly listens: readonly Listener[]
}

export type Listener = { readonly setting: string; readonly host: string; readonly port: number }

/** The parts of an instance in the order in which they start. */
export function parts(
  settings: Settings,
  on: {
    readonly places: Layout
    readonly users: Identities
    readonly checkout: string
    /** False: the router's user sees the checkout only where it is mounted for it. */
    readonly routerReachesCheckout: boolean
  },
): readonly Part[] {
  const { places, users, checkout } = on
  const script = (name: string): string => join(checkout, 'scripts', name)
  const bare = { folder: '/', environment: { PATH: path }, inheritsEnvironment: false, listens: [] }
  const code = on.routerReachesCheckout ? checkout : places.code
  const asRouter = (command: readonly string[], ports: readonly Listener[] = []): Part['command'] =>
    firstOf([
      ...(on.routerReachesCheckout ? [] : ['unshare', '--mount', script('with-code-at'), checkout, code]),
      ...dropTo(users.router, ports),
      ...command,
    ])

  const redis: Part = {
    ...bare,
    name: 'redis',
    command: firstOf([
      ...dropTo(users.redis && users.router && { ...users.redis, gid: users.router.gid }),
      ...redisServer(places),
    ]),
  }
  const mysql: Part = { ...bare, name: 'mysql', command: [script('run-mysql'), places.mysql] }
  const server: Part = {
    name: 'server',
    command: [process.execPath, join(checkout, 'server', 'main.ts')],
    folder: checkout,
    environment: { ...serverEnvironment(settings), NODE_COMPILE_CACHE: places.cache, PATH: path },
    inheritsEnvironment: true,
    listens: [{ setting: 'PAAS_SSH_PORT', host: settings.sshHost, port: settings.sshPort }],
  }
  const router: Part = {
    ...bare,
    name: 'router',
    command: asRouter([join(code, relative(checkout, process.execPath)), join(code, 'router', 'main.ts')]),
    // Not the checkout: a `.env` there may hold what the router must not know.
    folder: places.router,
    environment: {
      ...routerEnvironment(settings),
      NODE_COMPILE_CACHE: join(places.router, 'cache'),
      PATH: path,
    },
  }
  const webPorts = [
    { setting: 'PAAS_HTTP_PORT', host: settings.httpHost, port: settings.httpPort },
    { setting: 'PAAS_HTTPS_PORT', host: settings.httpHost, port: settings.httpsPort },
  ]
  const haproxy: Part = {
    ...bare,
    name: 'haproxy',
    command: asRouter([join(code, 'scripts', 'run-haproxy'), places.router], webPorts),
    folder: places.router,
    listens: webPorts,
  }
  const rotate: Part = { ...bare, name: 'rotate', command: [script('rotate-logs'), places.logs] }
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

function redisServer({ redis }: Layout): string[] {
  return [
    'redis-server',
    ...['--port', '0', '--unixsocket', join(redis, 'redis.sock'), '--unixsocketperm', '770'],
    ...['--dir', redis, '--dbfilename', 'dump.rdb', '--save', '3600 1', '--appendonly', 'no'],
    ...['--notify-keyspace-events', 'KEA', '--daemonize', 'no', '--always-show-logo', 'no'],
  ]
}

/** Whoever starts us as root loses root, every group and every way back; a port below 1024 stays possible. */
function dropTo(account: Account | undefined, ports: readonly Listener[] = []): string[] {
  if (!account) return []
  const low = ports.some(({ port }) => port < 1024) ? ',+net_bind_service' : ''
  return [
    ...[
      'setpriv',
      '--reuid',
      `${account.uid}`,
      '--regid',
      `${account.gid}`,
      '--clear-groups',
      '--no-new-privs',
    ],
    ...[`--inh-caps=-all${low}`, `--ambient-caps=-all${low}`, `--bounding-set=-all${low}`],
  ]
}

function firstOf(words: readonly string[]): Part['command'] {
  const [program, ...rest] = words
  if (program === undefined) throw new Error('A part needs a command')
  return [program, ...rest]
}
