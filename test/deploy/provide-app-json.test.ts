import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create first')).exitCode === 0)
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const app = (appJson: unknown) => ({
  ...staticApp('here'),
  'app.json': typeof appJson === 'string' ? appJson : JSON.stringify(appJson),
})

async function environmentOf(name: string): Promise<Record<string, string>> {
  const { body } = await paas.get(`${name}.localhost`, '/cgi-bin/environment')
  return Object.fromEntries(
    body.split('\0').flatMap((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
}

const names = async (): Promise<readonly string[]> =>
  (JSON.parse(await paas.ok('mysql:list --json')) as { name: string }[]).map(({ name }) => name)

test.each([
  ['by', 'jawsdb:kitefin'],
  ['plan', { plan: 'cleardb:ignite' }],
  ['name', 'mysql'],
])('an add-on of any MySQL %s makes a database with the first push', async (name, addon) => {
  using repository = await makeRepository(app({ addons: [addon] }))
  const push = await repository.push(paas, name)
  expect(push.stderr).toContain(`Creating the MySQL database ${name}, as app.json asks`)
  const { DATABASE_URL } = await environmentOf(name)
  expect(DATABASE_URL).toMatch(/^mysql:\/\//)
  await repository.commit({ more: 'more' })
  expect((await repository.push(paas, name)).stderr).not.toContain('MySQL database')
  expect((await environmentOf(name)).DATABASE_URL).toBe(DATABASE_URL)
  expect(await names()).toContain(name)
})

test('an add-on that there is none of is said, and the push goes on', async () => {
  using repository = await makeRepository(app({ addons: ['papertrail'] }))
  const push = await repository.push(paas, 'trail')
  expect(push.exitCode).toBe(0)
  expect(push.stderr).toContain('the add-on papertrail, which there is none of here')
})

test('a push that is refused takes back what it made', async () => {
  const hook = join(paas.home, 'hooks', 'checked')
  mkdirSync(hook, { recursive: true })
  writeFileSync(join(hook, 'refuse'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  using repository = await makeRepository(app({ addons: ['mysql'], env: { KEPT: 'x' } }))
  const push = await repository.push(paas, 'refused')
  rmSync(hook, { recursive: true })
  expect(push.exitCode).toBe(1)
  expect(await names()).not.toContain('refused')
  expect(await paas.ok('mysql:links refused --json')).toBe('[]\n')
  expect(await paas.ok('config refused --json')).toBe('{}\n')
  expect((await repository.push(paas, 'refused')).exitCode).toBe(0)
  expect(await names()).toContain('refused')
})

test("env's defaults are set once and secrets made once; what was set by hand stays", async () => {
  const env = {
    PLAIN: 'plain',
    OBJECT: { description: 'an object', value: 'object' },
    MINE: 'theirs',
    SECRET: { generator: 'secret' },
    OPTIONAL: { description: 'nothing' },
  }
  await paas.ok('apps:create env')
  await paas.ok('config:set env MINE=mine')
  using repository = await makeRepository(app({ env }))
  expect((await repository.push(paas, 'env')).exitCode).toBe(0)
  const first = await environmentOf('env')
  expect(first).toMatchObject({ PLAIN: 'plain', OBJECT: 'object', MINE: 'mine' })
  expect(first.SECRET).toMatch(/^[0-9a-f]{64}$/)
  expect(first).not.toHaveProperty('OPTIONAL')
  await paas.ok('config:set env PLAIN=changed')
  await repository.commit({ more: 'more' })
  await repository.push(paas, 'env')
  expect(await environmentOf('env')).toMatchObject({ PLAIN: 'changed', SECRET: first.SECRET })
})

test('a required config var without a value refuses the push with the line to type', async () => {
  using repository = await makeRepository(
    app({ addons: ['mysql'], env: { API_KEY: { description: 'of the shop', required: true } } }),
  )
  const refused = await repository.push(paas, 'needy')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('requires config vars that are not set: API_KEY (of the shop)')
  expect(refused.stderr).toContain('config:set needy API_KEY=...')
  expect(await names()).not.toContain('needy')
  await paas.ok('config:set needy API_KEY=1')
  expect((await repository.push(paas, 'needy')).exitCode).toBe(0)
})

test.each([
  ['{"addons": {}}', '"addons" is not a list'],
  ['{"addons": [1]}', '"addons[0]" is neither a name nor'],
  ['{"env": []}', '"env" is not an object'],
  ['{"env": {"A B": "x"}}', '"A B" cannot be a config var'],
  ['{"env": {"A": 1}}', '"env.A" is neither a string nor an object'],
  ['{"env": {"A": {"value": 1}}}', '"env.A.value" is not a string'],
  ['{"env": {"A": {"generator": "dice"}}}', '"env.A.generator" can only be "secret"'],
])('app.json that is wrong is named: %s', async (text, message) => {
  using repository = await makeRepository(app(text))
  const push = await repository.push(paas, 'wrong')
  expect(push.exitCode).toBe(1)
  expect(push.stderr).toContain(message)
})
