import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'
import { isSigned, type Receiver, startReceiver } from '../webhooks/receiver.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
let receiver: Receiver
let dora: Person
beforeAll(async () => {
  paas = await startInstance()
  receiver = await startReceiver()
  await paas.ok('apps:create blog')
  await paas.ok('apps:create shop')
  dora = await addPerson(paas, 'dora')
  await paas.ok('access:add blog dora -r admin')
})
afterAll(async () => {
  await receiver?.[Symbol.asyncDispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Added = { number: number; secret: string }
const add = async (words: string): Promise<Added> =>
  JSON.parse(await paas.ok(`webhooks:add ${receiver.url} --allow-private ${words} --json`)) as Added
const told = (count: number): Promise<void> =>
  until(`${count} are told`, async () => receiver.received.length >= count)

test('a push tells the webhook that it has started and that it has succeeded, and the secret proves it', async () => {
  const { number, secret } = await add('--app blog --on deploy')
  using repository = await makeRepository(staticApp('one'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await told(2)
  expect(receiver.received.map(({ body }) => body.event)).toEqual(['deploy.started', 'deploy.succeeded'])
  for (const each of receiver.received) expect(isSigned(each, secret)).toBe(true)
  expect(receiver.received[1]?.body).toMatchObject({
    app: { name: 'blog' },
    facts: { kind: 'push', release: 'v1', commit: expect.stringMatching(/^[0-9a-f]{40}$/) },
  })
  await until('it is kept', async () =>
    /deploy\.succeeded +taken +1 +200/.test(await paas.ok(`webhooks:report ${number}`)),
  )
  expect(await paas.ok(`webhooks:report ${number}`)).toContain(receiver.url)
  await paas.ok(`webhooks:remove ${number}`)
})

test('what happened before the server was killed is told by the next one', async () => {
  const { number, secret } = await add('--app blog --on deploy.started')
  const before = receiver.received.length
  receiver.answer(() => {})
  await paas.ok('config:set blog A=1 --no-restart')
  await told(before + 1)
  await paas.kill('server')
  receiver.answer((response) => response.writeHead(200).end())
  await told(before + 2)
  const [first, second] = receiver.received.slice(before)
  expect(second?.text).toBe(first?.text)
  expect(second && isSigned(second, secret)).toBe(true)
  await until('commands work again', async () => (await paas.ssh('version')).exitCode === 0)
  await until('it is kept', async () => (await paas.ok(`webhooks:report ${number}`)).includes('taken'))
  await paas.ok(`webhooks:remove ${number}`)
})

test('one that fails is known to the test of it, to the list, to why and to doctor; mended it is not', async () => {
  const { number } = await add('--app blog')
  const shown = new URL(receiver.url).origin
  receiver.answer((response) => response.writeHead(500).end())
  const failed = await paas.ssh(`webhooks:test ${number}`)
  expect(failed.exitCode).toBe(1)
  expect(failed.stderr).toContain(`${shown}/…: answered 500`)
  expect(await paas.ok('webhooks blog')).toContain('answered 500')
  expect(await paas.ok('why blog')).toContain(
    `Webhook ${number} (${shown}/…) was not told of ping: answered 500`,
  )
  expect((await paas.ssh('doctor')).stdout).toMatch(/^Webhooks +FAILS +1 of 1 fail; webhook/m)

  receiver.answer((response) => response.writeHead(204).end())
  expect(await paas.ok(`webhooks:test ${number}`)).toContain('It answered 204')
  expect(receiver.received.at(-1)?.body).toMatchObject({ event: 'ping', app: { name: 'blog' }, number: null })
  expect(await paas.ok('why blog')).not.toContain('Webhook')
  expect((await paas.ssh('doctor')).stdout).toMatch(/^Webhooks +holds +all 1 are told/m)
  await paas.ok(`webhooks:remove ${number}`)
  expect(await paas.ok('webhooks --json')).toBe('[]\n')
})

test.each([
  ['http://169.254.169.254/latest/meta-data', 1, 'is in a private network'],
  ['http://[::ffff:127.0.0.1]/', 1, 'is in a private network'],
  ['http://[::1]/', 1, 'is in a private network'],
  ['http://localhost/', 1, 'is in a private network'],
  ['http://2130706433/', 1, 'is in a private network'],
  ['http://0x7f.1/', 1, 'is in a private network'],
  ['http://10.1.2.3/', 1, 'is in a private network'],
  ['http://nowhere.invalid/', 1, 'cannot be found'],
  ['file:///etc/passwd', 64, 'begins with https:// or http://'],
  ['gopher://example.com/', 64, 'begins with https:// or http://'],
  ['https://user:password@example.com/', 64, 'no login in its address'],
])('%s cannot be a webhook', async (url, exitCode, words) => {
  const ran = await paas.ssh(`webhooks:add blog "${url}"`)
  expect(ran.stderr).toContain(words)
  expect(ran.exitCode).toBe(exitCode)
  expect(await paas.ok('webhooks --json')).toBe('[]\n')
})

test('an admin of an app has webhooks of that alone; private addresses and the whole server are for admins of it', async () => {
  const whole = await add('--server --on process.crashed')
  const ofShop = await add('--app shop')
  const url = 'https://127.0.0.1/'
  expect((await dora.ssh(`webhooks:add ${url} --app blog --allow-private`)).exitCode).toBe(77)
  expect((await dora.ssh(`webhooks:add ${url} --server`)).exitCode).toBe(77)
  expect((await dora.ssh(`webhooks:add ${url} --app shop`)).exitCode).toBe(20)
  const mine = await add('--app blog')
  expect((await dora.ssh('webhooks blog')).stdout).toMatch(new RegExp(`^${mine.number} .*\n$`))
  for (const { number } of [whole, ofShop])
    for (const command of ['remove', 'test', 'report']) {
      const ran = await dora.ssh(`webhooks:${command} ${number}`)
      expect(ran.stderr).toContain(`There is no webhook ${number}`)
      expect(ran.exitCode).toBe(1)
    }
  expect((await dora.ssh(`webhooks:test ${mine.number}`)).exitCode).toBe(0)
  expect((await dora.ssh(`webhooks:remove ${mine.number}`)).exitCode).toBe(0)
  for (const { number } of [whole, ofShop]) await paas.ok(`webhooks:remove ${number}`)
})

test('which events, of which app and how many: what cannot be is said', async () => {
  const wrong = await paas.ssh(`webhooks:add blog ${receiver.url} --on deploy.nonsense`)
  expect(wrong.exitCode).toBe(64)
  expect(wrong.stderr).toContain('It can be told of deploy.started, deploy.succeeded')
  expect((await paas.ssh(`webhooks:add ${receiver.url}`)).stderr).toContain('--app NAME; or of all: --server')
  const all = [await add('--app shop --on deploy-failed,release')]
  expect(JSON.parse(await paas.ok('webhooks shop --json'))).toMatchObject([
    { events: ['deploy.failed', 'release.died', 'release.went-back'], app: 'shop' },
  ])
  while (all.length < 10) all.push(await add('--app shop'))
  expect((await paas.ssh(`webhooks:add shop ${receiver.url} --allow-private`)).stderr).toContain(
    'There are 10 webhooks already',
  )
  await paas.ok('apps:destroy shop --force')
  expect(await paas.ok('webhooks --json')).toBe('[]\n')
})

test('neither the address nor the secret stands anywhere in the clear', async () => {
  const { number, secret } = await add('--app blog')
  await paas.ok(`webhooks:test ${number}`)
  const events = readdirSync(join(paas.home, 'events')).map((file) => join('events', file))
  for (const file of [...events, 'state.db', 'state.db-wal', 'logs/server.log']) {
    const content = readFileSync(join(paas.home, file))
    for (const canary of [secret, 'canary-7731']) expect(content.includes(canary), file).toBe(false)
  }
  expect(await paas.ok('webhooks blog')).not.toContain('canary-7731')
  await paas.ok(`webhooks:remove ${number}`)
})
