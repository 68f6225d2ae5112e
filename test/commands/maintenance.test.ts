import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { eventsOf } from '../events-of.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  await paas.ok('apps:create blog')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const status = async (): Promise<number> => (await paas.get('blog.localhost')).status

test('before its first release an app says that nothing is deployed yet', async () => {
  await until('the router knows it', async () => (await status()) === 503)
  expect((await paas.get('blog.localhost')).body).toContain('Nothing is deployed here yet')
  expect((await paas.get('nobody.localhost')).status).toBe(404)
})

test('maintenance:on holds at once, through a deploy and through restarts of everything', async () => {
  using repository = await makeRepository(staticApp('one'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect((await paas.get('blog.localhost')).body).toBe('one\n')
  expect(await paas.ok('maintenance blog')).toBe('blog: off, page: ours\n')

  expect(await paas.ok('maintenance:on blog')).toContain('Back again: maintenance:off blog')
  const answer = await paas.get('blog.localhost')
  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toBe('60')
  expect(answer.body).toContain('Down for maintenance')
  const facts = JSON.parse(await paas.ok('maintenance:report blog --json'))
  expect(facts).toMatchObject({ app: 'blog', maintenance: true, page: 'ours' })
  await paas.ok('maintenance:enable blog')
  expect(JSON.parse(await paas.ok('maintenance blog --json'))).toEqual(facts)
  expect(await paas.ok('why blog')).toMatch(/blog is in maintenance since .*\nType: maintenance:off blog\n$/s)
  expect(await paas.ok('apps:report blog')).toMatch(/^maintenance +on$/m)

  await repository.commit(staticApp('two'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect(await status()).toBe(503)
  for (const part of ['server', 'redis', 'haproxy', 'router'] as const) await paas.kill(part)
  await paas.up()
  await until('commands work again', async () => (await paas.ssh('maintenance blog')).exitCode === 0)
  await until('HAProxy answers', () =>
    status().then(
      (now) => now === 503,
      () => false,
    ),
  )
  expect(JSON.parse(await paas.ok('maintenance blog --json'))).toEqual(facts)

  await until('the routes are taken', async () => (await paas.ssh('maintenance:off blog')).exitCode === 0)
  expect((await paas.get('blog.localhost')).body).toBe('two\n')
  await paas.ok('maintenance:disable blog')
  const types = eventsOf(paas).map(({ type }) => type)
  expect(types.filter((type) => type === 'maintenance-began')).toHaveLength(1)
  expect(types.filter((type) => type === 'maintenance-ended')).toHaveLength(1)
})

test('maintenance:custom-page takes a page of at most 64 KiB, and gives it back byte for byte', async () => {
  const page = `<h1>Zurück um 8 — "sicher"</h1>\n${'<p>x</p>\n'.repeat(5_000)}`
  expect(await paas.ok('maintenance:custom-page blog', { input: page })).toContain('its own')
  expect((await paas.get('blog.localhost')).body).toBe('two\n')
  await paas.ok('maintenance:on blog')
  expect(await paas.get('blog.localhost')).toMatchObject({ status: 503, body: page })

  for (const input of ['', ' \n', 'x'.repeat(64 * 1024 + 1), Uint8Array.of(0xff, 0xfe)])
    expect(await paas.ssh('maintenance:custom-page blog', { input })).toMatchObject({
      exitCode: 64,
      stdout: '',
    })
  expect((await paas.get('blog.localhost')).body).toBe(page)
  expect(await paas.ok('maintenance --all')).toMatch(/^blog: on since .*, page: own\n$/)

  await paas.ok('maintenance:custom-page blog --reset')
  expect((await paas.get('blog.localhost')).body).toContain('Down for maintenance')
  await paas.ok('maintenance:off blog')
})

test('without a router nothing is changed', async () => {
  const supervisor = Number.parseInt(
    readFileSync(join(paas.home, 'run', 'router.supervisor.pid'), 'utf8'),
    10,
  )
  process.kill(supervisor, 'SIGTERM')
  await until('the router is gone', async () => paas.pid('router') === undefined)
  // A router counts as gone a while after it last spoke.
  await until(
    'it counts as gone',
    async () => (await paas.ssh('maintenance:off blog')).stderr.includes('nothing was changed'),
    60_000,
  )
  const refused = await paas.ssh('maintenance:on blog')
  expect(refused.exitCode).toBe(75)
  expect(refused.stderr).toContain('nothing was changed')
  expect(await paas.ok('maintenance blog')).toContain('blog: off')
})
