import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBackend, startRouter } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const addressOf = async (name: string) => stack.use(await startBackend(name)).address
  await router.publish({
    exact: route(['blog.example.com'], [await addressOf('exact')]),
    path: route(['blog.example.com/v1/', 'blog.example.com/v1/deep/'], [await addressOf('path')]),
    wild: route(['*.example.com'], [await addressOf('wild')]),
    deep: route(['*.deep.example.com'], [await addressOf('deep')]),
    six: route(['[::1]', 'localhost'], [await addressOf('six')]),
    local: route(['*.localhost'], [await addressOf('local')]),
    idle: route(['idle.example.com'], []),
    dead: route(['dead.example.com'], ['127.0.0.1:1']),
  })
})
afterAll(() => stack.disposeAsync())

test.each([
  ['blog.example.com', '/', 'exact'],
  ['BLOG.Example.COM', '/', 'exact'],
  ['blog.example.com:8080', '/x?y=/v1/', 'exact'],
  ['blog.example.com.', '/', 'exact'],
  ['blog.example.com.:80', '/', 'exact'],
  ['blog.example.com', '/v1', 'path'],
  ['blog.example.com', '/v1/', 'path'],
  ['blog.example.com', '/v1/deep/er', 'path'],
  ['blog.example.com', '/v10', 'exact'],
  ['other.example.com', '/', 'wild'],
  ['a.b.c.d.example.com', '/', 'wild'],
  ['a.b.c.d.e.example.com', '/', 'wild'],
  ['a.deep.example.com', '/', 'deep'],
  ['[::1]:8080', '/', 'six'],
  ['localhost', '/', 'six'],
  ['a.localhost', '/', 'local'],
])('%s%s is answered by %s', async (host, path, name) => {
  expect((await router.get(host, path)).body).toBe(name)
})

test.each([
  'nobody.test',
  'example.com',
  'a.b.c.d.e.f.example.com',
  'blog.example.com.evil.test',
  '127.0.0.1',
])('%s is unknown: a page with 404 that does not repeat the name', async (host) => {
  const { status, body, headers } = await router.get(host)
  expect(status).toBe(404)
  expect(headers['content-type']).toContain('text/html')
  expect(body).toContain('There is no app at this address')
  expect(body).not.toContain(host)
})

test('A host without backends answers 503 and hides the wildcard', async () => {
  const { status, body } = await router.get('idle.example.com')
  expect(status).toBe(503)
  expect(body).toContain('The app is not running')
})

test('A dead backend answers 502', async () => {
  const { status, body } = await router.get('dead.example.com')
  expect(status).toBe(502)
  expect(body).toContain('The app does not answer')
})
