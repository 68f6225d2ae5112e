import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { made } from '../made.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
let other: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  other = await startInstance({ PAAS_DISK_FLOOR: '900t' })
  using repository = await makeRepository()
  for (const page of ['a', 'b', 'c']) {
    await repository.commit({ ...staticApp(page), 'www/large': page.repeat(100_000) })
    expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  }
}, 120_000)
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
})

type Use = {
  free: { what: string; freeBytes: number }[]
  floorBytes: number
  apps: { app: string; images: number; imageBytes: number; repositoryBytes: number; logBytes: number }[]
  imageBytes: number
  stateBytes: number
}
type Cleaned = { bytes: number; leftOvers: { what: string; bytes: number; removed: boolean }[] }
const cleaned = async (line: string): Promise<Cleaned> =>
  JSON.parse(await paas.ok(`${line} --json`)) as Cleaned

test('disk shows what an app takes, a layer that its images share once', async () => {
  const use = JSON.parse(await paas.ok('disk --json')) as Use
  const blog = use.apps.find(({ app }) => app === 'blog')
  expect(blog?.images).toBe(3)
  // The base is some 2 MB, and each release brings 100 kB of its own.
  expect(blog?.imageBytes).toBeGreaterThan(300_000)
  expect(blog?.imageBytes).toBeLessThan(5_000_000)
  expect(use.imageBytes).toBe(blog?.imageBytes)
  expect(blog?.repositoryBytes).toBeGreaterThan(0)
  expect(blog?.logBytes).toBeGreaterThan(0)
  expect(use.stateBytes).toBeGreaterThan(0)
  expect(use.free.map(({ what }) => what)).toEqual(['Docker', 'PAAS_HOME'])
  expect(use.floorBytes).toBe(2 * 1024 ** 3)
  const shown = await paas.ok('disk')
  expect(shown).toMatch(/^blog +3 +\d/m)
  expect(shown).toMatch(/^free +\d.* for Docker/m)
})

test('cleanup says with --plan what it then removes, and leaves all that is needed', async () => {
  await paas.ok('releases:set blog keep 3')
  expect(await paas.ok('cleanup')).toBe('There is nothing to remove\n')
  const stray = join(paas.home, 'repositories', 'aaaaaaaaaa.git')
  mkdirSync(stray)
  writeFileSync(join(stray, 'pack'), 'x'.repeat(50_000))
  writeFileSync(join(paas.home, 'router', 'log', 'aaaaaaaaaa.log'), 'x'.repeat(10_000))
  const before = await made(paas, 'blog')
  const plan = await cleaned('cleanup --plan')
  expect(plan.leftOvers.map(({ what }) => what)).toEqual([
    'repository of an app that is gone (aaaaaaaaaa.git)',
    'request log of an app that is gone (aaaaaaaaaa.log)',
  ])
  expect(plan.bytes).toBeGreaterThan(60_000)
  expect(await cleaned('cleanup --plan')).toEqual(plan)
  const done = await cleaned('cleanup')
  expect(done.bytes).toBe(plan.bytes)
  expect(done.leftOvers.every(({ removed }) => removed)).toBe(true)
  expect(await paas.ok('cleanup')).toBe('There is nothing to remove\n')
  expect(await made(paas, 'blog')).toEqual(before)
  expect((await paas.get('blog.localhost')).body).toBe('c\n')
})

test('cleanup removes an image that is no longer kept once no container stands on it', async () => {
  const { images } = await made(paas, 'blog')
  const name = `paas-held-${paas.id}`
  const [oldest = ''] = await oldestOf(images)
  await execa('docker', ['create', '--name', name, oldest])
  try {
    await paas.ok('releases:set blog keep 2')
    await until('v1 is history', async () => (await paas.ok('releases blog')).includes('(image gone)'))
    const plan = await cleaned('cleanup --plan')
    expect(plan.leftOvers).toMatchObject([{ what: '1 image of blog' }])
    expect(plan.bytes).toBeGreaterThanOrEqual(100_000)
    expect(plan.bytes).toBeLessThan(200_000)
    expect((await paas.ssh('cleanup')).stderr).toContain('1 image of blog: a container still uses it')
  } finally {
    await execa('docker', ['rm', '--force', name])
  }
  expect(await paas.ok('cleanup')).toMatch(/Removed 1 image of blog: \d+ kB/)
  expect((await made(paas, 'blog')).images).not.toContain(oldest.slice(7, 19))
  expect((await paas.ssh('rollback blog v1')).stderr).toContain('The image of v1 is gone')
  expect(await paas.ok('rollback blog v2')).toContain('v4 serves')
})

const oldestOf = async (images: readonly string[]): Promise<readonly string[]> => {
  const { stdout } = await execa('docker', ['inspect', '--format', '{{.Created}} {{.Id}}', ...images])
  return stdout
    .split('\n')
    .sort()
    .map((line) => line.split(' ')[1] ?? '')
}

test('disk and cleanup are for admins of the server', async () => {
  const ann = await addPerson(paas, 'ann')
  expect((await ann.ssh('disk')).exitCode).toBe(77)
  expect((await ann.ssh('cleanup')).exitCode).toBe(77)
})

test('below the floor pushes are refused in plain words before anything is built, and why says so', async () => {
  using repository = await makeRepository(staticApp('page'))
  const push = await repository.push(other, 'blog')
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toMatch(/The disk is nearly full: .* free for Docker .* the floor is 900 TB/)
  expect(push.stderr).toContain('cleanup --plan')
  expect(await other.ok('apps --json')).toBe('[]\n')
  await other.ok('apps:create blog')
  const branch = await repository.push(other, 'blog', 'main:feature')
  expect(branch.stderr).toContain('The disk is nearly full')
  expect((await other.ssh('apps:clone blog copy --skip-deploy')).exitCode).toBe(75)
  expect(await other.ok('why blog')).toContain('of the disk are free for Docker')
  // What needs no room goes on.
  await other.ok('config:set blog A=1')
})
