import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { checkout } from '../../scripts/instance.ts'
import { units } from '../../scripts/units.ts'
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
  return new Map(lines.map(([, key = '', value = '']) => [key, value]))
}
