import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { checkout } from '../../scripts/instance.ts'
import { type UnitFile, units } from '../../scripts/units.ts'
import { readSettings } from '../../server/settings.ts'

const settings = (environment: Record<string, string> = {}) =>
  readSettings({ PAAS_HOME: '/srv/paas', PAAS_ROUTER_USER: 'front', ...environment }, '/nonexistent/.env')

describe.each(['server', 'router', 'haproxy', 'redis', 'mysql'])('the unit of %s', (name) => {
  const unit = parsed(name)

  it('is restarted for ever and given time to stop', () => {
    expect(unit.get('Restart')).toBe('always')
    expect(unit.get('StartLimitIntervalSec')).toBe('0')
    expect(Number(unit.get('TimeoutStopSec'))).toBeGreaterThan(35)
  })

  it('gains no privileges and writes only into the instance', () => {
    expect(unit.get('NoNewPrivileges')).toBe('yes')
    expect(unit.get('ProtectSystem')).toBe('strict')
    expect(unit.get('ReadWritePaths')).toMatch(/^\/srv\/paas(\/|$)/)
    expect(unit.get('PrivateTmp')).toBe('yes')
    expect(unit.get('RestrictNamespaces')).toBe('yes')
    expect(unit.get('SystemCallArchitectures')).toBe('native')
  })

  it('has no placeholder left', () => {
    expect([...unit.values()].join('\n')).not.toMatch(/@[A-Z_]+@/)
  })
})

describe.each(['router', 'haproxy'])('the unit of %s', (name) => {
  const unit = parsed(name)

  it('is unprivileged, away from Docker, and sees the code read-only', () => {
    expect(unit.get('User')).toBe('front')
    expect(unit.get('CapabilityBoundingSet')).toBe(name === 'haproxy' ? 'CAP_NET_BIND_SERVICE' : '')
    expect(unit.get('InaccessiblePaths')).toContain('/run/docker.sock')
    expect(unit.get('ReadWritePaths')).toBe('/srv/paas/router')
    expect(unit.get('BindReadOnlyPaths')).toBe(`${checkout}:/srv/paas/code`)
    expect(unit.get('ExecStart')).toContain('/srv/paas/code/')
    expect(unit.get('ExecStart')).not.toContain(checkout)
  })
})

// What `systemd-analyze security` weighs most, of all that a part can do without.
it.each(['server', 'router', 'haproxy', 'redis', 'mysql'])(
  'the unit of %s names what it may do, and all else is refused',
  (name) => {
    const unit = parsed(name)
    for (const each of [
      ...['PrivateDevices', 'PrivateMounts', 'ProtectClock', 'ProtectHostname', 'ProtectKernelLogs'],
      ...['ProtectKernelModules', 'ProtectKernelTunables', 'LockPersonality', 'RestrictRealtime'],
      'RestrictSUIDSGID',
    ])
      expect(unit.get(each), each).toBe('yes')
    expect(unit.get('ProtectHome')).toBe('read-only')
    expect(unit.get('SystemCallFilter')).toMatch(/^@system-service\b/)
    for (const family of unit.get('RestrictAddressFamilies')?.split(' ') ?? ['any'])
      expect(['AF_UNIX', 'AF_INET', 'AF_INET6', ...(name === 'server' ? ['AF_NETLINK'] : [])]).toContain(
        family,
      )
    for (const capability of unit.get('CapabilityBoundingSet')?.split(' ') ?? ['all'])
      expect(capability).not.toMatch(/all|SYS_|NET_RAW|MKNOD|SETFCAP|SETPCAP/)
  },
)

it.each(['router', 'haproxy', 'redis'])('the unit of %s refuses what is root’s alone', (name) => {
  expect(parsed(name).get('SystemCallFilter')).toBe('@system-service ~@privileged @resources')
  expect(parsed(name).get('SystemCallErrorNumber')).toBe('EPERM')
})

/** By what systemd itself counts; 10 is everything. */
const mostExposed = { server: 3.3, router: 1.4, haproxy: 1.5, redis: 1.1, mysql: 1.6, 'mysql-image': 3.9 }
const analyze = (...words: string[]) => execa('systemd-analyze', ['--no-pager', ...words], { reject: false })

it.skipIf((await analyze('--version')).failed)(
  'systemd counts no unit as more exposed than it has to be',
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-exposure-'))
    const images = settings({ PAAS_MYSQL_IMAGE: 'mariadb:11' })
    const all = [...units(settings(), checkout), ...units(images, checkout).map(asImage)]
    for (const [name, most] of Object.entries(mostExposed)) {
      const unit = all.find(({ path }) => path.endsWith(`/paas-${name}.service`))
      const file = join(folder.path, `paas-${name}.service`)
      await writeFile(file, unit?.content ?? '')
      const { stdout, stderr } = await analyze('security', '--offline=true', file)
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])
      const exposed = stdout.split('\n').filter((line) => line.startsWith('✗'))
      expect(exposure, [name, ...exposed, stderr].join('\n')).toBeLessThanOrEqual(most)
      // An option that this systemd does not know, or that is misspelt.
      expect(stderr).not.toMatch(/Unknown|Failed to parse|Invalid/)
    }
  },
)

const asImage = (file: UnitFile): UnitFile => ({
  ...file,
  path: file.path.replace('paas-mysql.', 'paas-mysql-image.'),
})

it('lets the server alone change control groups', () => {
  expect(parsed('server').has('ProtectControlGroups')).toBe(false)
  for (const name of ['router', 'haproxy', 'redis', 'mysql'])
    expect(parsed(name).get('ProtectControlGroups')).toBe('yes')
})

it('gives the router a socket that listens while it is away, and HAProxy wants it', () => {
  const files = units(settings(), checkout)
  const socket = files.find(({ path }) => path === '/etc/systemd/system/paas-router.socket')?.content ?? ''
  for (const line of [
    'ListenStream=/srv/paas/router/log.sock',
    'SocketUser=front',
    'SocketGroup=front',
    'SocketMode=0600',
    'WantedBy=sockets.target',
  ])
    expect(socket.split('\n')).toContain(line)
  expect(socket).not.toMatch(/@[A-Z_]+@/)
  expect(parsed('router').get('Sockets')).toBe('paas-router.socket')
  expect(parsed('haproxy').get('Wants')).toBe('paas-router.socket')
  expect(parsed('haproxy').get('After')).toContain(' paas-router.socket ')
})

it("keeps the database's address from the router", () => {
  const files = units(settings({ MYSQL_URL: 'mysql://root:s"e$c@localhost' }), checkout)
  const content = (path: string) => files.find((file) => file.path === path)
  expect(content('/etc/paas/server.env')?.content).toContain('MYSQL_URL="mysql://root:s\\"e\\$c@localhost"\n')
  expect(content('/etc/paas/router.env')?.content).not.toContain('MYSQL_URL')
  expect(content('/etc/paas/server.env')?.mode).toBe(0o600)
})

it('has no unit for a Redis or a MySQL of the owner', () => {
  const own = settings({ REDIS_URL: 'redis://localhost', MYSQL_URL: 'mysql://localhost' })
  const paths = units(own, checkout).map(({ path }) => path)
  expect(paths.filter((path) => path.endsWith('.service'))).toEqual([
    '/etc/systemd/system/paas-server.service',
    '/etc/systemd/system/paas-router.service',
    '/etc/systemd/system/paas-haproxy.service',
  ])
})

it('starts MySQL from an image by what may speak to Docker', () => {
  const own = settings({ PAAS_MYSQL_IMAGE: 'mariadb:11' })
  const unit = units(own, checkout).find(({ path }) => path.endsWith('/paas-mysql.service'))?.content ?? ''
  expect(unit).toContain(
    `ExecStart=${checkout}/scripts/run-mysql-image /srv/paas/mysql mariadb:11 paas-mysql-`,
  )
  expect(unit).toContain('After=docker.service')
  expect(unit).toContain('ReadWritePaths=/srv/paas/mysql\n')
  expect(unit).not.toMatch(/@[A-Z_]+@|^User=|InaccessiblePaths/m)
})

it('refuses a folder that a unit file cannot hold', () => {
  expect(() => units(settings({ PAAS_HOME: '/srv/my paas' }), checkout)).toThrow('/srv/my paas')
})

it('make install with a destination writes the units there', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-units-'))
  await execa({ env: { PAAS_HOME: '/srv/paas' } })(process.execPath, [
    join(checkout, 'scripts', 'install.ts'),
    folder.path,
  ])
  const written = await readFile(join(folder.path, 'etc/systemd/system/paas-server.service'), 'utf8')
  expect(written).toContain(`ExecStart=${process.execPath} `)
  expect(written).toContain(` ${checkout}/server/main.ts\n`)
})

function parsed(name: string): ReadonlyMap<string, string> {
  const file = units(settings(), checkout).find(({ path }) => path.endsWith(`/paas-${name}.service`))
  const lines = [...(file?.content ?? '').matchAll(/^([A-Za-z]+)=(.*)$/gm)]
  const unit = new Map<string, string>()
  // What is said twice counts together.
  for (const [, key = '', value = ''] of lines)
    unit.set(key, [unit.get(key), value].filter(Boolean).join(' '))
  return unit
}
