import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
let commits: readonly string[]
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository()
  const first = await repository.commit(staticApp('first'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.ok('config:set blog A=secret-1')
  const second = await repository.commit(staticApp('second'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  commits = [first, second]
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Release = { version: string; current: boolean; description: string; who: string; commit: string }
const releases = async (): Promise<Release[]> =>
  JSON.parse(await paas.ok('releases blog --json')) as Release[]

test('releases lists them, newest first', async () => {
  expect(await releases()).toMatchObject([
    { version: 'v3', current: true, who: 'admin', commit: commits[1] },
    { version: 'v2', current: false, description: 'Set A', commit: commits[0] },
    { version: 'v1', current: false, commit: commits[0] },
  ])
  expect(await paas.ok('releases blog')).toMatch(/^v3 +\* +Deploy .* admin +\d{4}-/m)
  expect((await paas.ok('releases blog -n 1')).trim().split('\n')).toHaveLength(1)
  expect((await paas.ssh('releases blog -n 0')).exitCode).toBe(64)
  expect(await paas.ok('releases empty --json')).toBe('[]\n')
})

test('releases:info shows one, with the names of its config and no value', async () => {
  const info = await paas.ok('releases:info blog v2')
  expect(info).toContain(commits[0])
  expect(info).not.toContain('secret-1')
  expect(JSON.parse(await paas.ok('releases:info blog --json'))).toMatchObject({
    version: 'v3',
    config: ['A'],
  })
  for (const [line, code] of [
    ['releases:info blog v99', 1],
    ['releases:info blog latest', 64],
    ['releases:info empty', 1],
  ] as const)
    expect((await paas.ssh(line)).exitCode, line).toBe(code)
})

test('rollback brings back image and config as a new release, and keeps the quantities', async () => {
  await paas.ok('scale blog web=2')
  expect(await paas.ok('rollback blog v1')).toContain('v4 serves')
  expect((await paas.get('blog.localhost')).body).toBe('first\n')
  expect(await paas.ok('config:keys blog')).toBe('')
  expect(await paas.ok('scale blog')).toBe('web=2\n')
  expect(JSON.parse(await paas.ok('releases:rollback blog --formation --json'))).toMatchObject({
    release: 'v5',
    description: 'Rollback to v3',
  })
  expect((await paas.get('blog.localhost')).body).toBe('second\n')
  expect(await paas.ok('scale blog')).toBe('web=1\n')
  expect((await releases())[0]).toMatchObject({ version: 'v5', current: true, description: 'Rollback to v3' })
})

test('a rollback to nothing is refused and changes nothing', async () => {
  expect((await paas.ssh('rollback blog v99')).stderr).toContain('no release v99')
  expect((await paas.ssh('rollback blog v5')).stderr).toContain('serves already')
  expect((await paas.ssh('rollback blog latest')).exitCode).toBeGreaterThan(0)
  expect((await paas.ssh('rollback empty')).stderr).toContain('git push paas:empty main')
  expect(await releases()).toHaveLength(5)
})
