import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance({ PAAS_KEEP_RELEASES: '3' })
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Release = { version: string; imageGone: boolean; commit: string }
const releases = async (app: string): Promise<Release[]> =>
  JSON.parse(await paas.ok(`releases ${app} --json`)) as Release[]
const gone = async (app: string): Promise<string[]> =>
  (await releases(app)).flatMap(({ version, imageGone }) => (imageGone ? [version] : [])).toReversed()
const images = async (app: string): Promise<readonly string[]> => (await made(paas, app)).images
const trimmed = (app: string, count: number): Promise<void> =>
  until(`${app} has ${count} images`, async () => (await images(app)).length === count)

/** Pushes one page after the other; returns their commits. */
async function pushed(app: string, pages: readonly string[]): Promise<readonly string[]> {
  using repository = await makeRepository()
  const commits: string[] = []
  for (const page of pages) {
    commits.push(await repository.commit(staticApp(`${app} ${page}`)))
    const push = await repository.push(paas, app)
    expect(push.exitCode, push.stderr).toBe(0)
  }
  return commits
}

test('many deploys leave as many images as are kept, and history says which are gone', {
  timeout: 90_000,
}, async () => {
  let most = 0
  using repository = await makeRepository()
  const commits: string[] = []
  for (let deploy = 1; deploy <= 12; deploy++) {
    commits.push(await repository.commit(staticApp(`page ${deploy}`)))
    expect((await repository.push(paas, 'many')).exitCode).toBe(0)
    most = Math.max(most, (await images('many')).length)
  }
  await trimmed('many', 3)
  console.log(`images kept 3 after 12 deploys: at most ${most} at once`)
  expect(most).toBeLessThanOrEqual(4)
  expect(await gone('many')).toEqual(['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8', 'v9'])
  expect(await paas.ok('releases many')).toMatch(/^v9 .*\(image gone\)/m)

  const refused = await paas.ssh('rollback many v4')
  expect(refused.stderr).toContain('The image of v4 is gone')
  expect(refused.stderr).toContain(`git push --force paas:many ${commits[3]}:refs/heads/main`)
  expect(await paas.ok('rollback many v10')).toContain('v13 serves')
  expect((await paas.get('many.localhost')).body).toBe('page 10\n')
  const again = await repository.push(paas, 'many', `${commits[3]}:refs/heads/main`, ['--force'])
  expect(again.exitCode, again.stderr).toBe(0)
  expect((await paas.get('many.localhost')).body).toBe('page 4\n')
})

test('releases that share an image count once, and an image that one of them keeps stays', async () => {
  await pushed('shared', ['a', 'b'])
  for (const value of ['1', '2', '3', '4']) await paas.ok(`config:set shared A=${value}`)
  expect(await gone('shared')).toEqual([])
  expect(await images('shared')).toHaveLength(2)
  expect(await paas.ok('rollback shared v1')).toContain('v7 serves')
  expect((await paas.get('shared.localhost')).body).toBe('shared a\n')
})

test('an app’s own number counts at once, and is by default again without a value', async () => {
  await pushed('own', ['a', 'b', 'c'])
  expect(await paas.ok('releases:set own keep 2')).toContain('keeps the newest 2 images')
  await trimmed('own', 2)
  expect(await gone('own')).toEqual(['v1'])
  expect(JSON.parse(await paas.ok('releases:set own keep --json'))).toMatchObject({ keep: 3 })
  for (const line of ['keep 1', 'keep 101', 'keep x', 'budget much', 'other 3'])
    expect((await paas.ssh(`releases:set own ${line}`)).exitCode, line).toBe(64)
})

test('a budget removes the older ones first, and never what a rollback brings back', async () => {
  await pushed('budget', ['a', 'b', 'c'])
  await paas.ok('releases:set budget budget 1k')
  await trimmed('budget', 2)
  expect(await gone('budget')).toEqual(['v1'])
  expect(await paas.ok('rollback budget')).toContain('v4 serves')
  expect((await paas.get('budget.localhost')).body).toBe('budget b\n')
})

test('an image that a container still stands on goes when the server starts again', async () => {
  await pushed('held', ['a'])
  const [image = ''] = await images('held')
  const name = `paas-held-${paas.id}`
  await execa('docker', ['create', '--name', name, image])
  try {
    using repository = await makeRepository()
    for (const page of ['b', 'c', 'd']) {
      await repository.commit(staticApp(page))
      expect((await repository.push(paas, 'held', 'main', ['--force'])).exitCode).toBe(0)
    }
    await until('v1 is history', async () => (await gone('held')).includes('v1'))
    expect(await images('held')).toContain(image)
  } finally {
    await execa('docker', ['rm', '--force', name])
  }
  await paas.kill('server')
  await paas.up()
  await trimmed('held', 3)
  expect(await images('held')).not.toContain(image)
  expect((await paas.get('held.localhost')).body).toBe('d\n')
})
