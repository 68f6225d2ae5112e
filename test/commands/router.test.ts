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
  })
})
