import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository(staticApp('page'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const post = async (bytes: number): Promise<number> =>
  (
    await paas.get('blog.localhost', '/', {
      method: 'POST',
      headers: { 'content-length': String(bytes) },
      body: 'x'.repeat(bytes),
    })
  ).status

test('router:set body-limit holds at once, and without a value there is none', async () => {
  expect(await post(2000)).not.toBe(413)
  expect(await paas.ok('router:set blog body-limit 1k')).toContain('body-limit is 1')
  expect(await post(1024)).not.toBe(413)
  expect(await post(1025)).toBe(413)
  expect(JSON.parse(await paas.ok('router blog --json')).bodyLimitBytes).toBe(1024)
  await paas.ok('router:set blog body-limit')
  expect(await post(1025)).not.toBe(413)
  for (const line of ['body-limit x', 'body-limit 0', 'body-limit 2t', 'colour 5'])
    expect(await paas.ssh(`router:set blog ${line}`), line).toMatchObject({ exitCode: 64, stdout: '' })
})

test('router:report shows each setting and how it is changed', async () => {
  const report = await paas.ok('router:report blog')
  expect(report).toMatch(/^domains +blog\.localhost +domains:add$/m)
  expect(report).toMatch(/^redirect to https +off +certs:set redirect$/m)
  expect(report).toMatch(/^maintenance +off +maintenance:on$/m)
  expect(report).toMatch(/^body limit +none +router:set body-limit$/m)
  expect(report).toMatch(/^trusted proxies +none +PAAS_TRUSTED_PROXIES in \.env$/m)
  for (const fact of [
    'error page',
    'canonical domain',
    'visitors',
    'redirects',
    'time limit',
    'rate limit',
    'sticky',
  ])
    expect(report).toMatch(new RegExp(`^${fact} +\\S`, 'm'))
  await paas.ok('certs:generate blog')
  await paas.ok('maintenance:on blog')
  expect(JSON.parse(await paas.ok('router:report blog --json'))).toEqual({
    app: 'blog',
    domains: ['blog.localhost'],
    secured: ['blog.localhost'],
    redirect: 'on',
    hsts: 'off',
    maintenance: 'on',
    bodyLimitBytes: null,
    timeLimitMs: null,
    rateLimit: null,
    sticky: false,
    gzip: false,
    canonical: null,
    errorPage: 'ours',
    visitors: [],
    redirects: {},
    otherPaths: {},
    trustedProxies: [],
    proxyProtocol: 'off',
  })
  await paas.ok('maintenance:off blog')
  await paas.ok('certs:remove blog')
})

test('router:set time-limit, rate-limit, sticky and gzip hold at once, until they are taken back', async () => {
  await paas.ok('router:set blog time-limit 30s')
  expect(await paas.ok('router:set blog rate-limit 18/m')).toContain('3 in 10 seconds')
  await paas.ok('router:set blog sticky on')
  await paas.ok('router:set blog gzip on')
  expect(await paas.ok('router blog')).toMatch(
    /^time limit +30 seconds +router:set time-limit\nrate limit +3 in 10 seconds .*\nsticky +on .*\ngzip +on /m,
  )
  expect((await paas.get('blog.localhost')).headers['set-cookie']).toHaveLength(1)
  const answers = await Promise.all([1, 2, 3, 4].map(() => paas.get('blog.localhost')))
  expect(answers.map(({ status }) => status)).toContain(429)
  for (const name of ['time-limit', 'rate-limit', 'sticky', 'gzip']) await paas.ok(`router:set blog ${name}`)
  const answer = await paas.get('blog.localhost')
  expect(answer).toMatchObject({ status: 200, body: 'page\n' })
  expect(answer.headers['set-cookie']).toBeUndefined()
  for (const line of ['time-limit 0', 'time-limit 25h', 'rate-limit 5', 'rate-limit 0/s', 'sticky maybe'])
    expect(await paas.ssh(`router:set blog ${line}`), line).toMatchObject({ exitCode: 64, stdout: '' })
})

test('router:auth lets in who has a password, given or made, and everybody when the last one is gone', async () => {
  const as = async (name: string, password: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
    return (await paas.get('blog.localhost', '/', { headers: { authorization } })).status
  }
  await paas.ok('router:auth blog ada', { input: 'correct horse staple\n' })
  expect((await paas.get('blog.localhost')).status).toBe(401)
  expect(await as('ada', 'correct horse staple')).toBe(200)
  const made = JSON.parse(await paas.ok('router:auth blog bob --json', { input: '' }))
  expect(made.visitors).toEqual(['ada', 'bob'])
  expect(await as('bob', made.password)).toBe(200)
  expect(await paas.ok('router blog')).toMatch(/^visitors +ada bob +router:auth$/m)
  expect(await paas.ssh('router:auth blog eve', { input: 'short' })).toMatchObject({ exitCode: 64 })
  expect(await paas.ssh('router:auth blog eve --remove')).toMatchObject({ exitCode: 1 })
  await paas.ok('router:auth blog ada --remove')
  expect(await as('ada', 'correct horse staple')).toBe(401)
  expect(await paas.ok('router:auth blog bob --remove')).toContain('Everybody may visit')
  expect((await paas.get('blog.localhost')).status).toBe(200)
})

test('router:redirect sends visitors of a path on, domains:canonical those of a domain', async () => {
  await paas.ok('router:redirect blog /old /new')
  await paas.ok('domains:add blog www.blog.test')
  await paas.ok('domains:canonical blog blog.localhost')
  expect(await paas.get('blog.localhost', '/old')).toMatchObject({
    status: 301,
    headers: { location: '/new' },
  })
  const sent = await paas.get('www.blog.test', '/a?b')
  expect(sent.status).toBe(308)
  expect(sent.headers.location).toBe(`http://blog.localhost:${paas.httpPort}/a?b`)
  const report = await paas.ok('router blog')
  expect(report).toMatch(/^canonical domain +blog\.localhost +domains:canonical$/m)
  expect(report).toMatch(/^redirects +\/old -> \/new +router:redirect$/m)
  for (const line of ['old /new', '/old /old', '/old ftp://x', '/a?b /c', '/a /b;c'])
    expect(await paas.ssh(`router:redirect blog '${line.replace(' ', "' '")}'`), line).toMatchObject({
      exitCode: 64,
    })
  expect(await paas.ssh('domains:canonical blog else.test')).toMatchObject({ exitCode: 1 })
  expect(await paas.ssh('domains:canonical blog')).toMatchObject({ exitCode: 64 })
  await paas.ok('domains:canonical blog --reset')
  await paas.ok('router:redirect blog /old')
  expect((await paas.get('www.blog.test')).status).toBe(200)
  expect((await paas.get('blog.localhost', '/old')).status).not.toBe(301)
  expect(await paas.ssh('router:redirect blog /old')).toMatchObject({ exitCode: 1 })
})

test('router:error-page stands for what the app cannot answer', async () => {
  const page = '<h1>Back soon — "ü"</h1>\n'
  await paas.ok('router:error-page blog', { input: page })
  await paas.ok('ps:stop blog')
  expect(await paas.get('blog.localhost')).toMatchObject({ status: 503, body: page })
  for (const input of ['', 'x'.repeat(8193), '<pre>\nx</pre>', '<script>// a\nb()</script>'])
    expect(await paas.ssh('router:error-page blog', { input })).toMatchObject({ exitCode: 64, stdout: '' })
  expect(await paas.ok('router blog')).toMatch(/^error page +own +router:error-page$/m)
  await paas.ok('router:error-page blog --reset')
  expect((await paas.get('blog.localhost')).body).toContain('The app is not running')
})

test('why says what the router refused lately, and what would let it through, for as long as it is asked to', async () => {
  using repository = await makeRepository({
    ...staticApp('page'),
    'www/cgi-bin/slow': '#!/bin/sh\nsleep 5\nprintf "Content-Type: text/plain\\r\\n\\r\\nlate\\n"\n',
  })
  const push = await repository.push(paas, 'strict')
  expect(push.exitCode, push.stderr).toBe(0)
  const status = async (path = '/', body = ''): Promise<number> =>
    (await paas.get('strict.localhost', path, body === '' ? {} : { method: 'POST', body })).status
  const why = async () => {
    const { findings } = JSON.parse(await paas.ok('why strict --json'))
    return findings as { cause: string; what: string; next: string; facts: { status: number } }[]
  }
  expect(await why()).toEqual([])
  await paas.ok('router:set strict time-limit 1s')
  expect(await status('/cgi-bin/slow')).toBe(504)
  await paas.ok('router:set strict body-limit 1k')
  expect(await status('/', 'x'.repeat(1025))).toBe(413)
  await paas.ok('router:auth strict ada', { input: 'a long enough one' })
  expect(await status()).toBe(401)
  await paas.ok('router:set strict rate-limit 1/10s')
  for (let count = 0; count < 2; count++) await status()
  await expect.poll(async () => (await why()).map(({ facts }) => facts.status)).toEqual([401, 413, 429, 504])
  const found = await why()
  expect(found.map(({ next }) => next)).toEqual([
    'router:auth strict NAME',
    'router:set strict body-limit 2k',
    'router:set strict rate-limit 2/10s',
    'router:set strict time-limit 2s',
  ])
  expect(found.map(({ what }) => what).join('\n')).toMatch(
    /1 request had more than 1\.0 kB, and got 413\n.*asked more than 1 in 10 seconds, and got 429\n.*waited 1 second for/,
  )
  for (const { next } of found.slice(1)) await paas.ok(next)
  await paas.ok('router:auth strict ada --remove')
  await paas.ok('router:set strict body-limit')
  await paas.ok('router:set strict rate-limit')
  expect((await why()).map(({ facts }) => facts.status)).toEqual([504])
})
