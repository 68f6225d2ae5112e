import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('a push becomes a page at APP.DOMAIN', async () => {
  using repository = await makeRepository(staticApp('first'))
  const push = await repository.push(paas, 'blog')
  expect(push.stderr).toContain('=====> Application deployed:')
  expect(push.stderr).toContain(`http://blog.localhost:${paas.httpPort}`)
  expect(push.exitCode).toBe(0)
  expect(await paas.get('blog.localhost')).toMatchObject({ status: 200, body: 'first\n' })
})

test('the next push replaces the page', async () => {
  using repository = await makeRepository(staticApp('first'))
  expect((await repository.push(paas, 'again')).exitCode).toBe(0)
  await repository.commit(staticApp('second'))
  expect((await repository.push(paas, 'again')).exitCode).toBe(0)
  expect((await paas.get('again.localhost')).body).toBe('second\n')
})
