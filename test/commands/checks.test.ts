import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { healthApp } from '../apps/health.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(
    healthApp('page', { healthchecks: { web: [{ path: '/', name: 'page' }] } }),
  )
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const report = async () => JSON.parse(await paas.ok('checks:report blog --json'))
const failing = healthApp('new', {
  healthchecks: { web: [{ path: '/none', wait: 1, timeout: 1, attempts: 1 }] },
})

test('checks:report shows each check and what holds', async () => {
  expect(await paas.ok('checks blog')).toMatch(
    /^wait-to-retire 60 s, wait 5 s, timeout 5 s, attempts 3\nweb +enabled +startup +"page" \(GET \/\)\n$/,
  )
  expect(await report()).toMatchObject({
    release: 'v1',
    types: [{ type: 'web', mode: 'enabled', checks: [{ name: 'page', waitMs: 5000, attempts: 3 }] }],
    unready: [],
  })
  expect(await paas.ok('checks empty')).toContain('wait-to-retire 60 s')
})

test('checks:run runs them now', async () => {
  expect(await paas.ok('checks:run blog')).toMatch(
    /^web\.1 +startup +"page" \(GET \/\) +passed +status 200: page\n$/,
  )
  expect(JSON.parse(await paas.ok('checks:run blog web --json'))).toMatchObject([
    { process: 'web.1', passed: true },
  ])
  const unknown = await paas.ssh('checks:run blog wbe')
  expect(unknown.exitCode).toBe(1)
  expect(unknown.stderr).toContain('no process type "wbe"')
  expect((await paas.ssh('checks:run empty')).stderr).toContain('git push paas:empty main')
})

test('checks:set says what a check leaves open, and without a value the rule is back', async () => {
  for (const line of ['wait 2', 'timeout 3', 'attempts 4', 'wait-to-retire 0'])
    expect(await paas.ok(`checks:set blog ${line}`)).toContain(line.replace(' ', ' is '))
  expect(await report()).toMatchObject({ waitToRetireS: 0, waitS: 2, timeoutS: 3, attempts: 4 })
  expect((await report()).types[0].checks[0]).toMatchObject({ waitMs: 2000, timeoutMs: 3000, attempts: 4 })
  for (const line of ['wait', 'timeout', 'attempts', 'wait-to-retire'])
    await paas.ok(`checks:set blog ${line}`)
  expect(await report()).toMatchObject({ waitToRetireS: 60, waitS: 5, timeoutS: 5, attempts: 3 })
})

test('what cannot be set is refused, and nothing changes', async () => {
  const before = await report()
  for (const line of [
    'wait 0',
    'wait x',
    'timeout -1',
    'attempts 101',
    'wait-to-retire 4000',
    'colour 5',
    'constructor 1',
  ])
    expect(await paas.ssh(`checks:set blog ${line}`), line).toMatchObject({ exitCode: 64, stdout: '' })
  expect((await paas.ssh('checks:disable blog wbe')).exitCode).toBe(1)
  expect(await report()).toEqual(before)
})

test('a check that fails refuses a push until it is skipped or disabled', async () => {
  await repository.commit(failing)
  expect((await repository.push(paas, 'blog')).stderr).toContain('failed its startup check GET /none')
  expect(await paas.ok('checks:skip blog web')).toContain('skipped')
  expect((await report()).types[0].mode).toBe('skipped')
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect(await paas.ok('checks:enable blog')).toContain('enabled')
  await repository.commit({})
  expect((await repository.push(paas, 'blog')).exitCode).toBe(1)
  expect(JSON.parse(await paas.ok('checks:disable blog --json'))).toEqual({
    app: 'blog',
    types: ['*'],
    mode: 'disabled',
  })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect((await paas.get('blog.localhost')).body).toBe('new\n')
})
