import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseApp } from '../../apps/database.ts'
import { startInstance, type TestInstance, until } from '../../instance.ts'
import { makeRepository, type Repository } from '../../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create first')).exitCode === 0)
  repository = await makeRepository(databaseApp())
  const push = await repository.push(paas, 'blog')
  if (push.exitCode !== 0) throw new Error(push.stderr)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

async function ask(app: string, path: string, parameters: Record<string, string> = {}) {
  const answer = await paas.get(`${app}.localhost`, `${path}?${new URLSearchParams(parameters)}`)
  return { status: answer.status, body: answer.body, json: () => JSON.parse(answer.body) }
}

test('an app that is linked to a database reads and writes there', async () => {
  await paas.ok('mysql:create posts')
  expect(await paas.ok('mysql:link posts blog')).toContain('Linked posts to blog as POSTS; v2 serves')
  expect((await ask('blog', '/query', { sql: 'CREATE TABLE t (v TEXT)' })).body).toContain('affectedRows')
  await ask('blog', '/query', { sql: "INSERT INTO t VALUES ('héllo 🐬')" })
  expect((await ask('blog', '/query', { sql: 'SELECT v FROM t' })).json()).toEqual([{ v: 'héllo 🐬' }])
  const env = (await ask('blog', '/env')).json()
  expect(env.DATABASE_URL).toBe(
    `mysql://${env.DB_USER}:${env.DB_PASSWORD}@${env.DB_HOST}:${env.DB_PORT}/${env.DB_NAME}`,
  )
  expect(env.DB_HOST).toMatch(/^10\.\d+\.\d+\.1$/)
  expect(env.POSTS_DATABASE_URL).toBe(env.DATABASE_URL)
})
