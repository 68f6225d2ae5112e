import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import buildpack from '../../buildpacks/static/buildpack.ts'
import { UserError } from '../../server/errors.ts'
import { repositoryOf } from '../examples/example.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { plainSettings, textTree } from './folder-tree.ts'

const fixture = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'buildpacks', 'static', 'fixtures', name)

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('public is served without what lies beside it; STATIC_SPA counts without a build', async () => {
  using repository = await repositoryOf(fixture('public'))
  await repository.commit({ 'public/.env': 'SECRET=1', 'public/.well-known/x.txt': 'known\n' })
  const push = await repository.push(paas, 'public')
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('public.localhost')).body).toContain('In public')
  for (const path of ['/README.txt', '/.env', '/.paas/serve', '/deep/link', '/public/']) {
    expect((await paas.get('public.localhost', path)).status, path).toBe(404)
  }
  expect((await paas.get('public.localhost', '/.well-known/x.txt')).body).toBe('known\n')

  await paas.ok('config:set -a public STATIC_SPA=1')
  expect((await paas.get('public.localhost', '/deep/link')).body).toContain('In public')
  expect((await paas.get('public.localhost', '/missing.js')).status).toBe(404)
}, 60_000)

test('static.json: its folder, its error page, clean URLs; hashed names may be kept, text is compressed', async () => {
  using repository = await repositoryOf(fixture('static-json'))
  const push = await repository.push(paas, 'json')
  expect(push.exitCode, push.stderr).toBe(0)
  expect(push.stderr).toContain('Not read in static.json: https_only')
  const get = (path: string) => paas.get('json.localhost', path, { headers: { 'accept-encoding': 'gzip' } })

  expect((await paas.get('json.localhost', '/about')).body).toContain('About')
  expect((await paas.get('json.localhost', '/any/path')).body).toContain('The single page')
  expect(await paas.get('json.localhost', '/missing.css')).toMatchObject({
    status: 404,
    body: expect.stringContaining('Sorry'),
  })
  expect((await get('/app-0a1b2c3d.js')).headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'gzip',
    server: 'nginx',
  })
  const page = await get('/')
  expect(page.headers['cache-control']).toBe('no-cache')
  const again = await paas.get('json.localhost', '/', {
    headers: { 'if-none-match': String(page.headers.etag) },
  })
  expect(again.status).toBe(304)
}, 60_000)

test('nginx is not root', async () => {
  using repository = await repositoryOf(fixture('root'))
  expect((await repository.push(paas, 'root')).exitCode).toBe(0)
  expect(await paas.ok('run -a root id')).toContain('uid=1000')
}, 60_000)

test.each(['../etc', 'a b\nRUN x', 'a"b', '*', '///..'])(
  'STATIC_ROOT=%j cannot leave the tree or the line',
  async (folder) => {
    const planned = buildpack.plan(textTree({ 'index.html': 'x' }), {
      ...plainSettings,
      config: { STATIC_ROOT: folder },
    })
    await expect(planned).rejects.toThrow(UserError)
  },
)
