import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { checkout } from '../../scripts/instance.ts'
import { routerEnvironment, serverEnvironment } from '../../scripts/part-environment.ts'
import { readSettings } from '../../server/settings.ts'

const noFile = '/nonexistent/.env'

it('.env.example names exactly the settings that are read', () => {
  const read = new Set<string>()
  const recorder = new Proxy<Record<string, undefined>>(
    {},
    {
      get(_, name) {
        read.add(String(name))
        return undefined
      },
    },
  )
  readSettings(recorder, noFile)
  const documented = readFileSync(join(checkout, '.env.example'), 'utf8').match(/(?<=^#)[A-Z_]+(?==)/gm)
  expect(documented?.toSorted()).toEqual([...read].sort())
})

it('the defaults that .env.example shows are the ones in force', () => {
  const shown = readFileSync(join(checkout, '.env.example'), 'utf8').replaceAll(/^#(?=[A-Z_]+=)/gm, '')
  const environment = Object.fromEntries(
    [...shown.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )
  const home = '/var/lib/paas'
  expect(readSettings(environment, noFile)).toEqual(readSettings({ PAAS_HOME: home }, noFile))
})

describe('the environment of a part', () => {
  const settings = readSettings(
    {
      PAAS_HOME: '/srv/paas',
      PAAS_DOMAIN: 'apps.example.com',
      PAAS_SSH_HOST: '127.0.0.1',
      PAAS_SSH_PORT: '22',
      PAAS_HTTP_HOST: '127.0.0.2',
      PAAS_HTTP_PORT: '80',
      PAAS_HTTPS_PORT: '443',
      PAAS_TRUSTED_PROXIES: '10.0.0.5,fd00::/64',
      PAAS_PROXY_PROTOCOL: 'on',
      PAAS_METRICS_PORT: '9100',
      PAAS_API_HOST: '127.0.0.3',
      PAAS_API_PORT: '8081',
      REDIS_URL: 'redis://localhost:6379',
      MYSQL_URL: 'mysql://root:secret@localhost',
      DOCKER_HOST: 'tcp://localhost:2375',
      PAAS_ADMIN_KEY: '/root/key.pub',
      PAAS_ROUTER_USER: 'someone',
    },
    noFile,
  )

  it('gives the server every setting', () => {
    expect(readSettings(serverEnvironment(settings), noFile)).toEqual(settings)
  })

  it('tells the router nothing of Docker, the database or the admin', () => {
    const names = Object.keys(routerEnvironment(settings))
    expect(names).not.toContain('DOCKER_HOST')
    expect(names).not.toContain('MYSQL_URL')
    expect(names).not.toContain('PAAS_ADMIN_KEY')
    expect(names).toContain('REDIS_URL')
  })
})

it.each([
  ['PAAS_SSH_PORT', '70000', 'a port from 1 to 65535'],
  ['PAAS_HOME', 'relative', 'an absolute path'],
  ['REDIS_URL', 'http://x', 'a URL that begins with redis:'],
])('make up stops at a wrong %s with a line that names it', async (name, value, wanted) => {
  const { exitCode, stdout, stderr } = await execa({ reject: false, env: { [name]: value } })(
    process.execPath,
    [join(checkout, 'scripts', 'up.ts')],
  )
  expect(stderr).toMatch(new RegExp(`^ !     ${name}=${value} is not ${wanted}`))
  expect(stdout).toBe('')
  expect(exitCode).toBe(1)
})
