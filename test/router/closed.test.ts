import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppRoute } from '../../router/contract.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
let open: AppRoute
const held = Promise.withResolvers<void>()

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      if (incoming.url === '/long') held.promise.then(() => response.end('long'))
      else response.end('app')
    }),
  )
  open = route(['app.test', '*.app.test', 'other.test/api/'], [backend.address])
  await router.publish({
    app: open,
    new: { ...route(['new.test'], []), closed: 'unreleased' },
    idle: route(['idle.test'], []),
  })
})
afterAll(() => stack.disposeAsync())

const page = '<h1>Zurück um 8 — 100 % "sicher"</h1>\n<pre>\n  {{x}}\n</pre>\n'

async function lineOf(mark: string): Promise<string> {
  let line: string | undefined
  await until(`${mark} is logged`, async () => {
    line = (await router.log('app')).split('\n').find((text) => text.includes(mark))
    return line !== undefined
  })
  return line ?? ''
}

test('In maintenance every host of an app says when to come back, and what is in flight ends', async () => {
  const long = router.get('app.test', '/long')
  await until('it is in flight', async () => (await router.get('app.test')).body === 'app')
  await router.publish({ app: { ...open, closed: 'maintenance' } })
  for (const [host, path] of [
    ['app.test', '/'],
    ['x.app.test', '/y'],
    ['other.test', '/api/'],
  ] as const) {
    const answer = await router.get(host, path)
    expect(answer.status, host).toBe(503)
    expect(answer.headers['retry-after']).toBe('60')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.body).toContain('Down for maintenance')
  }
  held.resolve()
  expect((await long).body).toBe('long')
  await router.get('app.test', '/logged')
  expect(await lineOf('path="/logged"')).toMatch(/code=H80 desc="Maintenance mode" .* dyno= .* status=503 /)
  await router.publish({ app: open })
  expect((await router.get('app.test')).body).toBe('app')
})

test('The app’s own page is given byte for byte, and ours again when it is taken away', async () => {
  await router.publish({ app: { ...open, closed: 'maintenance', maintenancePage: page } })
  const answer = await router.get('app.test:80', '/deep?x=1')
  expect(answer).toMatchObject({ status: 503, body: page })
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'retry-after': '60',
  })
  await router.get('app.test', '/own-page')
  expect(await lineOf('path="/own-page"')).toMatch(/code=H80 .* status=503 /)
  const other = '<h1>other</h1>'
  await router.publish({ app: { ...open, closed: 'maintenance', maintenancePage: other } })
  expect((await router.get('app.test')).body).toBe(other)
  await router.publish({ app: { ...open, closed: 'maintenance' } })
  expect((await router.get('app.test')).body).toContain('Down for maintenance')
  await router.publish({ app: { ...open, maintenancePage: page } })
  expect((await router.get('app.test')).body).toBe('app')
})

test('Maintenance outlives restarts of HAProxy and of the router; without a router it is our page', async () => {
  await router.publish({ app: { ...open, closed: 'maintenance', maintenancePage: page } })
  const pid = await router.haproxyPid()
  await router.killHaproxy()
  await until('the page is there again', async () => (await router.get('app.test')).body === page)
  await router.stop('router', 'SIGKILL')
  const alone = await router.get('app.test')
  expect(alone.status).toBe(503)
  expect(alone.headers['retry-after']).toBe('60')
  expect(alone.body).toContain('Down for maintenance')
  await router.killHaproxy()
  expect((await router.get('app.test')).status).toBe(503)
  expect((await router.get('idle.test')).body).toContain('The app is not running')
  router.startFollower()
  await until('the page is there again', async () => (await router.get('app.test')).body === page)
  expect(await router.haproxyPid()).not.toBe(pid)
  await router.publish({ app: open })
  expect((await router.get('app.test')).body).toBe('app')
})

test('An app before its first release says so', async () => {
  const answer = await router.get('new.test')
  expect(answer.status).toBe(503)
  expect(answer.body).toContain('Nothing is deployed here yet')
  expect((await router.get('idle.test')).body).toContain('The app is not running')
  expect((await router.get('nobody.test')).status).toBe(404)
})
