import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkout } from '../../scripts/instance.ts'
import { apiAddress } from '../../server/api/api-address.ts'
import { readSettings } from '../../server/settings.ts'
import { freePort } from '../free-port.ts'
import { startInstance, type TestInstance } from '../instance.ts'

let paas: TestInstance
let port: number
beforeAll(async () => {
  port = await freePort()
  paas = await startInstance({ PAAS_API_PORT: String(port) })
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const script = (name: string, settings: Readonly<Record<string, string>> = {}) =>
  execa(join(checkout, 'scripts', 'run'), ['node', `scripts/${name}.ts`], {
    env: { ...paas.environment, ...settings },
    extendEnv: false,
  })

type Doctor = { needs: { title: string; holds: boolean; saw: string; next?: string }[] }
const api = async () =>
  (JSON.parse((await paas.ssh('doctor --json')).stdout) as Doctor).needs.find(
    ({ title }) => title === 'HTTP API',
  )

test('report, make status and make up name the URL; on 127.0.0.1 nothing warns', async () => {
  const url = `http://127.0.0.1:${port}`
  expect(JSON.parse(await paas.ok('report --json'))).toMatchObject({ api: url })
  expect((await script('status')).stdout).toContain(`${url} (API)`)
  const up = await script('up')
  expect(up.stdout).toContain(`The HTTP API answers at ${url}\n`)
  expect(up.stderr).toBe('')
  expect(await api()).toMatchObject({ holds: true, saw: `${url}, from this machine alone` })
})

test('open to other machines without TLS it is warned of, with what to do', async () => {
  const up = await script('up', { PAAS_API_HOST: '0.0.0.0' })
  const next = `ssh -L ${port}:127.0.0.1:${port}`
  expect(up.stderr).toContain('open to other machines without TLS')
  expect(up.stderr).toContain(next)
  expect(await api()).toMatchObject({ holds: false, next: expect.stringContaining(next) })
})

test.each([
  ['127.0.0.3', 'http://127.0.0.3:8081', true],
  ['localhost', 'http://localhost:8081', true],
  ['::1', 'http://[::1]:8081', true],
  ['::', 'http://[::]:8081', false],
  ['10.0.0.5', 'http://10.0.0.5:8081', false],
  ['paas.example.com', 'http://paas.example.com:8081', false],
])('PAAS_API_HOST=%s is %s', (host, url, isOwn) => {
  const settings = readSettings({ PAAS_HOME: '/srv/paas', PAAS_API_HOST: host, PAAS_API_PORT: '8081' }, '/no')
  const address = apiAddress(settings)
  expect(address?.url).toBe(url)
  expect(address?.warning === undefined).toBe(isOwn)
})
