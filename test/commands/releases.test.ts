import { afterAll, beforeAll, expect, test } from 'vitest'
import { mortalApp } from '../apps/health.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
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
    checks: {},
    cron: [],
    shared: [],
    links: [],
    tasks: [],
    imageGone: false,
    died: false,
  })
  const { deploy } = JSON.parse(await paas.ok('releases:info blog --json')) as { deploy: number }
  expect(await paas.ok(`deploys:attach ${deploy}`)).toContain('v3 serves')
  for (const [line, code] of [
    ['releases:info blog v99', 1],
    ['releases:info blog latest', 64],
    ['releases:info empty', 1],
  ] as const)
    expect((await paas.ssh(line)).exitCode, line).toBe(code)
})

test('releases:diff says in what two differ, and no value', async () => {
  const diff = await paas.ok('releases:diff blog v1 v3')
  expect(diff).toMatch(/^commit: [0-9a-f]{8} -> [0-9a-f]{8} \(1 commit more\)$/m)
  expect(diff).toMatch(/^image: [0-9a-f]{12} -> [0-9a-f]{12}$/m)
  expect(diff).toMatch(/^config: \+ A$/m)
  expect(diff).not.toContain('secret-1')
  expect(await paas.ok('releases:diff blog v1')).toBe(diff)
  expect(await paas.ok('releases:diff blog v3 v1')).toMatch(
    /^commit: .* \(1 commit fewer\)\n(.*\n)*config: - A$/m,
  )
  expect(await paas.ok('releases:diff blog v2 v2')).toBe('v2 and v2 are the same\n')
  expect(JSON.parse(await paas.ok('releases:diff blog v1 v2 --json'))).toMatchObject({
    image: null,
    commit: null,
    config: { added: ['A'], removed: [], changed: [] },
  })
  expect((await paas.ssh('releases:diff blog v1 v99')).stderr).toContain('no release v99')
  expect((await paas.ssh('releases:diff blog')).exitCode).toBe(64)
})

test('rollback --plan says what it would bring back, and changes nothing', async () => {
  const plan = await paas.ok('rollback blog v1 --plan')
  expect(plan).toContain('It would change this; nothing is changed now')
  expect(plan).toContain('brings back v1 (Deploy')
  expect(plan).toMatch(/^ +config: - A$/m)
  expect(plan).toMatch(/^ +commit: .* \(1 commit fewer\)$/m)
  expect((await paas.ssh('rollback blog v99 --plan')).stderr).toContain('no release v99')
  expect(await releases()).toHaveLength(3)
})

test('rollback brings back image and config as a new release, and keeps the quantities', async () => {
  await paas.ok('scale blog web=2')
  const said = await paas.ok('rollback blog v1')
  expect(said).toContain('v4 serves')
  expect(said).toMatch(/^ +config: - A$/m)
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

test('a rollback over a release command says that it ran and is not taken back', async () => {
  using repository = await makeRepository()
  for (const page of ['one', 'two']) {
    const procfile =
      page === 'two' ? { Procfile: 'web: busybox httpd -f -p $PORT -h /www\nrelease: echo migrated\n' } : {}
    await repository.commit({ ...staticApp(page), ...procfile })
    const push = await repository.push(paas, 'migrated')
    expect(push.exitCode, push.stderr).toBe(0)
  }
  const told = 'The release command of v2 ran since and is not taken back'
  expect(await paas.ok('rollback migrated --plan')).toContain(told)
  expect(await paas.ok('rollback migrated')).toContain(told)
  expect((await paas.get('migrated.localhost')).body).toBe('one\n')
  expect(await paas.ok('rollback migrated --plan')).not.toContain(told)
})

test('after the server went back, a plain rollback passes over the release that died', async () => {
  using repository = await makeRepository()
  for (const files of [staticApp('one'), staticApp('two'), mortalApp('dead', 1)]) {
    await repository.commit(files)
    const push = await repository.push(paas, 'back')
    expect(push.exitCode, push.stderr).toBe(0)
  }
  await until('it went back', async () => (await paas.ok('releases back -n 1')).startsWith('v4'))
  await until('the page is back', async () => (await paas.get('back.localhost')).body === 'two\n')
  expect(await paas.ok('releases back')).toMatch(/^v3 .*\(died\)/m)
  expect(await paas.ok('rollback back')).toContain('Rollback to v1')
  expect((await paas.get('back.localhost')).body).toBe('one\n')
})
