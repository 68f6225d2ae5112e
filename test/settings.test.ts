import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../server/errors.ts'
import { readSettings } from '../server/settings.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nothing = '/nonexistent/.env'

test('without any setting there are sensible ones', () => {
  expect(readSettings({}, nothing)).toMatchObject({
    domain: 'localhost',
    sshPort: 2222,
    httpPort: 8080,
    httpsPort: 8443,
    redisUrl: undefined,
    mysqlUrl: undefined,
    dockerHost: 'unix:///var/run/docker.sock',
    keepReleases: 5,
    buildsAtOnce: 2,
    spareSandboxes: 16,
    logBytes: 30 * 1024 ** 2,
    diskFloorBytes: 2 * 1024 ** 3,
  })
})

test('the environment wins over .env, and an empty value is none', () => {
  const file = join(folder, '.env')
  writeFileSync(file, 'PAAS_DOMAIN=file.example\nPAAS_SSH_PORT=2022\nPAAS_HTTP_PORT=80\n')
  expect(readSettings({ PAAS_DOMAIN: 'Env.Example', PAAS_HTTP_PORT: '' }, file)).toMatchObject({
    domain: 'env.example',
    sshPort: 2022,
    httpPort: 8080,
  })
})

test('what apps may reach is read with its family and its port', () => {
  const value = '10.0.0.5, 10.0.1.0/24,10.0.0.5:3306,fd00::5,fd00::/64,[fd00::5]:443'
  expect(readSettings({ PAAS_REACHABLE: value }, nothing).reachable).toEqual([
    { family: 4, addresses: '10.0.0.5', port: undefined },
    { family: 4, addresses: '10.0.1.0/24', port: undefined },
    { family: 4, addresses: '10.0.0.5', port: 3306 },
    { family: 6, addresses: 'fd00::5', port: undefined },
    { family: 6, addresses: 'fd00::/64', port: undefined },
    { family: 6, addresses: 'fd00::5', port: 443 },
  ])
})

test('trusted proxies are addresses and networks', () => {
  const value = '10.0.0.5, 10.0.1.0/24,fd00::/64'
  expect(readSettings({ PAAS_TRUSTED_PROXIES: value, PAAS_PROXY_PROTOCOL: 'on' }, nothing)).toMatchObject({
    trustedProxies: ['10.0.0.5', '10.0.1.0/24', 'fd00::/64'],
    proxyProtocol: true,
  })
})

test.each([
  ['PAAS_HOME', 'relative/path'],
  ['PAAS_DOMAIN', 'http://a.example'],
  ['PAAS_DOMAIN', 'a..b'],
  ['PAAS_SSH_PORT', '0'],
  ['PAAS_HTTP_PORT', '65536'],
  ['PAAS_HTTPS_PORT', 'https'],
  ['PAAS_METRICS_PORT', 'all'],
  ['PAAS_API_PORT', '0'],
  ['PAAS_TRUSTED_PROXIES', 'proxy.internal'],
  ['PAAS_TRUSTED_PROXIES', '10.0.0.5:443'],
  ['PAAS_TRUSTED_PROXIES', '10.0.0.5 } or { src 0/0'],
  ['PAAS_TRUSTED_PROXIES', '0.0.0.0/0'],
  ['PAAS_TRUSTED_PROXIES', '10.0.0.5,::/0'],
  ['PAAS_PROXY_PROTOCOL', 'v2'],
  ['PAAS_PROXY_PROTOCOL', 'on'],
  ['REDIS_URL', 'http://a'],
  ['REDIS_URL', 'nonsense'],
  ['MYSQL_URL', 'postgres://a'],
  ['PAAS_MYSQL_IMAGE', 'mariadb:11 --privileged'],
  ['DOCKER_HOST', 'ssh://a'],
  ['PAAS_KEEP_RELEASES', '1'],
  ['PAAS_SPARE_SANDBOXES', 'many'],
  ['PAAS_IMAGE_REGISTRY', 'https://docker.io'],
  ['PAAS_IMAGE_BUDGET', 'much'],
  ['PAAS_BUILD_CACHE', '-1'],
  ['PAAS_LOG_SIZE', '10k'],
  ['PAAS_DISK_FLOOR', '2 pounds'],
  ['PAAS_REACHABLE', 'db.internal:3306'],
  ['PAAS_REACHABLE', '10.0.0.5:99999'],
  ['PAAS_REACHABLE', '10.0.0.0/33'],
  ['PAAS_REACHABLE', '10.0.0.5; accept'],
  ['PAAS_REACHABLE', 'fe80::1%eth0'],
])('%s=%s is refused with a line that names it', (name, value) => {
  expect(() => readSettings({ [name]: value }, nothing)).toThrow(UserError)
  expect(() => readSettings({ [name]: value }, nothing)).toThrow(name)
})

test.each(['mariadb:11', 'registry.example.com:5000/hub/mysql:8.4', `mysql@sha256:${'a'.repeat(64)}`])(
  'PAAS_MYSQL_IMAGE=%s is an image, and not together with MYSQL_URL',
  (image) => {
    expect(readSettings({ PAAS_MYSQL_IMAGE: image }, nothing).mysqlImage).toBe(image)
    expect(() => readSettings({ PAAS_MYSQL_IMAGE: image, MYSQL_URL: 'mysql://a' }, nothing)).toThrow(
      'MYSQL_URL and PAAS_MYSQL_IMAGE',
    )
  },
)

test('a password is not repeated', () => {
  expect(() => readSettings({ REDIS_URL: 'http://user:secret@a' }, nothing)).toThrow(/^(?!.*secret)/)
})
