import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { epochKey } from '../../router/contract.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { createPublisher, route } from './publish.ts'

test('A publication is acknowledged in the hash of routers and on the channel', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  const listener = router.redis.duplicate()
  await using _ = { [Symbol.asyncDispose]: async () => listener.disconnect() }
  const messages: string[] = []
  listener.on('message', (_channel, message) => messages.push(message))
  await listener.subscribe('paas:applied')
  const generation = await router.publisher.publish({ one: route(['one.test'], [one.address]) })
  const id = (await readFile(join(router.directory, 'id'), 'utf8')).trim()
  await until('it is announced', async () => messages.includes(`${id} ${generation}`))
  expect((await router.get('one.test')).body).toBe('one')
  const state = await router.state()
  expect(state?.generation).toBe(generation)
  await until('the heart beats', async () => ((await router.state())?.at ?? 0) > (state?.at ?? 0))
})

test('A flushed Redis takes no route away, and the next publication is followed', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two')
  await router.publish({ one: route(['one.test'], [one.address]) })
  await router.redis.rpush('frontend:foreign.test', 'x', `http://${two.address}`)
  await until('the foreign host is served', async () => (await router.get('foreign.test')).body === 'two')

  const statuses = new Set<number>()
  const load = (async () => {
    for (let count = 0; count < 300; count++) statuses.add((await router.get('one.test')).status)
  })()
  await router.redis.flushall()
  await router.stop('redis', 'SIGKILL')
  await router.startRedis()
  await load
  expect([...statuses]).toEqual([200])
  expect((await router.get('foreign.test')).body).toBe('two')

  await router.acknowledged(await router.publisher.publishAll())
  await router.publish({ two: route(['two.test'], [two.address]) })
  expect((await router.get('one.test')).body).toBe('one')
  expect((await router.get('two.test')).body).toBe('two')
  expect((await router.get('foreign.test')).status).toBe(404)
})

test("Another boot's table serves nothing until this boot's is published", async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  const otherBoot = createPublisher(router.redis, '00000000-0000-4000-8000-000000000000')
  await otherBoot.publish({ one: route(['one.test'], [one.address]) })
  await router.redis.rpush('frontend:foreign.test', 'x', `http://${one.address}`)
  await router.stop('router')
  router.startFollower()
  await until(
    'Redis is read',
    async () => ((await router.report()).match(/Redis answers/g) ?? []).length >= 2,
  )
  await until('it reports', async () => (await router.state()) !== undefined)
  expect((await router.get('one.test')).status).toBe(404)
  expect((await router.get('foreign.test')).status).toBe(404)
  await router.publish({ two: route(['two.test'], [one.address]) })
  await router.acknowledged(await router.publisher.publishAll())
  expect((await router.get('two.test')).body).toBe('one')
  expect((await router.get('foreign.test')).body).toBe('one')
})

test('An older generation, as an old dump has it, is not followed', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await router.publish({ one: route(['one.test'], [one.address]) })
  await router.publish({ two: route(['two.test'], [one.address]) })
  const epoch = (await router.redis.get(epochKey)) ?? ''
  await router.redis.multi().del('paas:hosts', 'paas:apps').set(epochKey, epoch.replace(/\d+$/, '1')).exec()
  await router.stop('router')
  router.startFollower()
  await until('it says so', async () => (await router.report()).includes('older than what is served'))
  expect((await router.get('one.test')).body).toBe('one')
})

test("With Redis and server down a restarted router and HAProxy serve this boot's table", async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await router.publish({ one: route(['one.test', '*.one.test'], [one.address]) })
  await router.redis.rpush('frontend:foreign.test', 'x', `http://${one.address}`)
  await until('the foreign host is served', async () => (await router.get('foreign.test')).body === 'one')
  await router.stop('redis', 'SIGKILL')
  await router.stop('router')
  const file = join(router.directory, 'haproxy.cfg')
  await rm(file)
  router.startFollower()
  await until('the router has written its file', async () => existsSync(file))
  await router.killHaproxy()
  for (const host of ['one.test', 'a.one.test', 'foreign.test']) {
    expect((await router.get(host)).body).toBe('one')
  }
})

test('HAProxy alone comes back with every route', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await router.publish({ one: route(['one.test', '*.one.test'], [one.address]) })
  const file = join(router.directory, 'haproxy.cfg')
  await until('the file has it', async () => (await readFile(file, 'utf8')).includes(one.address))
  await router.stop('redis', 'SIGKILL')
  await router.stop('router', 'SIGKILL')
  await router.killHaproxy()
  expect((await router.get('one.test')).body).toBe('one')
  expect((await router.get('a.one.test')).body).toBe('one')
})

test('A router that lost its files and finds no Redis leaves HAProxy as it is', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await router.publish({ one: route(['one.test'], [one.address]) })
  await router.stop('redis', 'SIGKILL')
  await router.stop('router')
  await writeFile(join(router.directory, 'table.json'), '{"epoch":')
  router.startFollower()
  await until('it misses Redis', async () => (await router.report()).includes('Redis is not reachable'))
  await router.killHaproxy()
  expect((await router.get('one.test')).body).toBe('one')
  await router.startRedis()
  await router.acknowledged(await router.publisher.publishAll())
  expect((await router.get('one.test')).body).toBe('one')
})

test('HAProxy killed comes back with every route, and what changed meanwhile is acknowledged only then', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two')
  const apps = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`app${index}`, route([`h${index}.test`], [one.address])]),
  )
  await router.publish(apps)
  await router.publish({ app0: route(['h0.test'], [two.address], 2) })
  const pid = await router.haproxyPid()
  process.kill(pid, 'SIGKILL')
  const generation = await router.publisher.publish({ app1: route(['h1.test'], [two.address], 2) })
  await router.acknowledged(generation)
  expect(await router.haproxyPid()).not.toBe(pid)
  expect((await router.get('h0.test')).body).toBe('two')
  expect((await router.get('h1.test')).body).toBe('two')
  for (let index = 2; index < 50; index++) expect((await router.get(`h${index}.test`)).body).toBe('one')
})

test('A router killed in the middle of changes leaves none behind', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two')
  for (let round = 1; round <= 5; round++) {
    const address = round % 2 ? one.address : two.address
    const generation = await router.publisher.publish({
      swapped: route(['swapped.test'], [address], round),
      [`app${round}`]: route([`h${round}.test`], [address]),
      [`app${round - 1}`]: undefined,
    })
    await router.stop('router', 'SIGKILL')
    router.startFollower()
    await router.acknowledged(generation)
    expect((await router.get('swapped.test')).body).toBe(round % 2 ? 'one' : 'two')
    expect((await router.get(`h${round}.test`)).status).toBe(200)
    expect((await router.get(`h${round - 1}.test`)).status).toBe(404)
  }
  await until('nothing drains', async () => Object.keys(await router.draining()).length === 0)
})
