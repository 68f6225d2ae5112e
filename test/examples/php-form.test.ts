import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { exampleRepository } from './example.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create probe')).exitCode === 0)
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('php-form: what the form sends is in the database, and on the page after the next push', async () => {
  using repository = await exampleRepository('php-form')
  const push = await repository.push(paas, 'guests')
  expect(push.stderr).toContain('The table is there')
  expect(push.exitCode).toBe(0)

  const sent = await paas.get('guests.localhost', '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ name: 'Änn', words: '<b>hello</b> 🐬' }).toString(),
  })
  expect(sent.status).toBe(303)
  const shown = '<b>Änn</b>: &lt;b&gt;hello&lt;/b&gt; 🐬'
  expect((await paas.get('guests.localhost')).body).toContain(shown)

  await repository.commit({ 'more.txt': 'x' })
  expect((await repository.push(paas, 'guests')).exitCode).toBe(0)
  expect((await paas.get('guests.localhost')).body).toContain(shown)
}, 120_000)
