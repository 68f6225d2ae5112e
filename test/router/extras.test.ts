import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppRoute, Extras } from '../../router/contract.ts'
import { visitorDigest } from '../../server/visitor-digest.ts'
import { get, startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
let app: AppRoute
let pid: number

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const addresses: string[] = []
  for (const name of ['one', 'two']) {
    const backend = await startBackend(name, (incoming, response) => {
      if (incoming.url === '/silent') return
      if (incoming.url === '/broken') incoming.socket.end('nonsense\r\n\r\n')
      else if (incoming.url === '/headers') response.end(JSON.stringify(incoming.headers))
      else if (incoming.url === '/text')
        response.setHeader('content-type', 'text/plain').end('long '.repeat(500))
      else response.end(name)
    })
    addresses.push(stack.use(backend).address)
  }
  app = route(['app.test', 'www.app.test', '*.app.test', 'other.test/api/'], addresses)
  await router.publish({ app, plain: route(['plain.test'], addresses) })
  pid = await router.haproxyPid()
})
afterAll(() => stack.disposeAsync())

const give = (extras: Extras): Promise<void> => router.publish({ app: { ...app, extras } })
const statusOf = async (path = '/', headers: Record<string, string> = {}): Promise<number> =>
  (await router.get('app.test', path, headers)).status
const basic = (credentials: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})

test('An app’s own page stands for 502 and 504, and for 503 while it is stopped', async () => {
  const errorPage = `<h1>Ours — 100 % "ü"</h1>\n<p>{{x}} %[src]</p>${'<!-- x -->'.repeat(700)}`
  const flat = errorPage.replaceAll('\n', ' ')
  await give({ errorPage, timeLimitMs: 300 })
  const broken = await router.get('app.test', '/broken')
  expect(broken).toMatchObject({ status: 502, body: flat })
  expect(broken.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  })
  expect(await router.get('app.test', '/silent')).toMatchObject({ status: 504, body: flat })
  expect((await router.get('app.test')).body).toMatch(/^(one|two)$/)
  await router.publish({ app: { ...app, backends: [], extras: { errorPage } } })
  const stopped = await router.get('app.test')
  expect(stopped).toMatchObject({ status: 503, body: errorPage })
  expect(stopped.headers['retry-after']).toBeUndefined()
  await router.publish({ app: { ...route(app.hosts, ['127.0.0.1:1']), extras: { errorPage } } })
  const unanswered = await router.get('app.test')
  expect(unanswered).toMatchObject({ status: 502, body: flat })
  expect(unanswered.headers['x-paas-failure']).toBeUndefined()
  await until('they are logged', async () => (await router.log('app')).includes('code=H21'))
  expect(await router.log('app')).toMatch(/code=H14 .* status=503 .*\n(.*\n)*.*code=H21 .* status=502 /)
  await give({ gzip: true, timeLimitMs: 300 })
  expect((await router.get('app.test', '/broken')).body).toContain('<h1>The app does not answer</h1>')
  const late = await router.get('app.test', '/silent')
  expect(late.status).toBe(504)
  expect(late.body).toContain('504 Gateway')
})

test('Of visitors with a password, and of them alone, the app hears, by name and without the password', async () => {
  const visitors = { 'ada@home': visitorDigest('app', 'ada@home', 'pass: wörd') }
  await give({ visitors })
  const asked = await router.get('app.test')
  expect(asked.status).toBe(401)
  expect(asked.headers['www-authenticate']).toBe('Basic realm="This site", charset="UTF-8"')
  expect(asked.body).toContain('Visitors need a name and a password')
  for (const credentials of ['', ':', 'ada@home', 'ada@home:', 'ada@home:pass: word', 'bob:pass: wörd'])
    expect(await statusOf('/', basic(credentials)), credentials).toBe(401)
  expect(await statusOf('/', { authorization: 'Basic' })).toBe(401)
  const seen = JSON.parse(
    (
      await router.get('app.test', '/headers', {
        ...basic('ada@home:pass: wörd'),
        'x-forwarded-user': 'root',
      })
    ).body,
  )
  expect(seen['x-forwarded-user']).toBe('ada@home')
  expect(seen.authorization).toBeUndefined()
  expect(await router.get('plain.test', '/headers', basic('a:b'))).toMatchObject({ status: 200 })

  // Through a change of its slot nobody comes in without one.
  let isChanging = true
  const change = (async () => {
    for (const gzip of [true, false, true]) await give({ visitors, gzip })
    isChanging = false
  })()
  while (isChanging) expect(await statusOf()).toBe(401)
  await change
  await router.publish({ app })
  expect(await statusOf()).toBe(200)
  await give({ visitors })
  await router.killHaproxy()
  expect(await statusOf()).toBe(401)
  pid = await router.haproxyPid()
})

test('A canonical domain draws visitors of the others, path and query kept, and moved paths lead where they say', async () => {
  await give({ canonical: 'app.test', redirects: { '/old': '/new?x=1', '/out': 'https://else.test/a#b' } })
  for (const host of ['www.app.test', 'x.app.test']) {
    const { status, headers } = await router.get(host, '/a/b?c=%20d')
    expect(status).toBe(308)
    expect(headers.location).toBe(`http://app.test:${router.port}/a/b?c=%20d`)
    expect(headers['cache-control']).toBe('max-age=3600')
  }
  expect(await statusOf('/a')).toBe(200)
  expect((await router.get('other.test', '/api/')).status).toBe(200)
  expect(await router.get('app.test', '/old?y')).toMatchObject({
    status: 301,
    headers: { location: '/new?x=1' },
  })
  expect((await router.get('app.test', '/out')).headers.location).toBe('https://else.test/a#b')
  expect(await statusOf('/old/')).toBe(200)
  expect((await router.get('plain.test', '/old')).status).toBe(200)
})

test('Beyond its rate an address gets 429, another one and another app’s visitors do not', async () => {
  await give({ rateLimit: 5 })
  const answers = []
  for (let count = 0; count < 7; count++) answers.push(await router.get('app.test'))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429])
  expect(answers[6]?.headers['retry-after']).toBe('10')
  expect(answers[6]?.body).toContain('Too many requests')
  expect(await from('127.0.0.2')).toBe(200)
  expect((await router.get('plain.test')).status).toBe(200)
})

const from = (localAddress: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request({
      port: router.port,
      host: '127.0.0.1',
      localAddress,
      headers: { host: 'app.test' },
    })
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject).end()
  })

test('A sticky visitor stays with his container until it leaves', async () => {
  await give({ sticky: true })
  const first = await router.get('app.test')
  const [cookie = ''] = first.headers['set-cookie'] ?? []
  expect(cookie).toMatch(/^paas_web=[0-9a-f]{16}; path=\/; HttpOnly; SameSite=Lax$/)
  const headers = { cookie: cookie.split(';', 1)[0] ?? '' }
  const names = async (): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => router.get('app.test', '/', headers)))
    return answers.map(({ body }) => body)
  }
  expect(await names()).toEqual(Array(6).fill(first.body))
  expect(JSON.parse((await router.get('app.test', '/headers', headers)).body).cookie).toBeUndefined()
  const left = app.backends.filter((_, index) => index !== (first.body === 'one' ? 0 : 1))
  await router.publish({ app: { ...app, backends: left, extras: { sticky: true } } })
  expect(await names()).toEqual(Array(6).fill(first.body === 'one' ? 'two' : 'one'))
  expect((await router.get('plain.test')).headers['set-cookie']).toBeUndefined()
})

test('Text is compressed for who takes it, with gzip on', async () => {
  const encodingOf = async (host: string, headers = {}): Promise<string | undefined> =>
    (await get(router.port, '/text', { host, ...headers })).headers['content-encoding']
  await give({ gzip: true })
  expect(await encodingOf('app.test', { 'accept-encoding': 'gzip' })).toBe('gzip')
  expect(await encodingOf('app.test')).toBeUndefined()
  await give({ gzip: true, sticky: true })
  expect(await encodingOf('app.test', { 'accept-encoding': 'gzip' })).toBe('gzip')
  expect((await router.get('app.test')).headers['set-cookie']).toHaveLength(1)
  expect(await encodingOf('plain.test', { 'accept-encoding': 'gzip' })).toBeUndefined()
})

test('None of this is lost with HAProxy, reloads it or is left over', async () => {
  await give({ sticky: true, rateLimit: 1000, redirects: { '/old': '/new' } })
  expect(await router.haproxyPid()).toBe(pid)
  await router.killHaproxy()
  expect(await statusOf('/old')).toBe(301)
  expect((await router.get('app.test')).headers['set-cookie']).toHaveLength(1)
  await router.publish({ app })
  expect(await statusOf('/old')).toBe(200)
  expect((await router.get('app.test')).headers['set-cookie']).toBeUndefined()
  expect(await router.report()).not.toContain('refused')
})
