import { expect, test } from 'vitest'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

test('A foreign host is served within a second of its writing, changed and removed likewise', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two')
  await router.publish({ ours: route(['ours.test'], [one.address]) })

  const body = async (): Promise<string> => (await router.get('foreign.test')).body
  await router.redis.rpush('frontend:foreign.test', 'mine', `http://${one.address}`)
  await until('one answers', async () => (await body()) === 'one', 1_000)
  await router.redis.multi().del('frontend:foreign.test').exec()
  await until('nothing answers', async () => (await body()).includes('no app at this address'), 1_000)
  await router.redis.rpush('frontend:*.test', 'mine', `http://${two.address}`)
  await until('the wildcard answers', async () => (await body()) === 'two', 1_000)
  await router.redis.rpush('frontend:foreign.test', 'mine')
  await until('the empty list hides it', async () => (await router.get('foreign.test')).status === 503, 1_000)
  await router.redis.rpush('frontend:foreign.test', `http://${one.address}`)
  await until('one answers', async () => (await body()) === 'one', 1_000)
})

test('A foreign list for one of our hosts changes nothing', async () => {
  await using router = await startRouter()
  await using ours = await startBackend('ours')
  await using theirs = await startBackend('theirs')
  await router.publish({ ours: route(['ours.test'], [ours.address]) })

  await router.redis.del('frontend:ours.test')
  await router.redis.rpush('frontend:ours.test', 'mine', `http://${theirs.address}`)
  await router.redis.rpush('frontend:marker.test', 'mine', `http://${theirs.address}`)
  await until('the marker is served', async () => (await router.get('marker.test')).body === 'theirs')
  expect((await router.get('ours.test')).body).toBe('ours')

  await router.stop('router')
  router.startFollower()
  await router.publish({ other: route(['other.test'], [ours.address]) })
  expect((await router.get('ours.test')).body).toBe('ours')
  expect((await router.get('marker.test')).body).toBe('theirs')
})

test('Garbage in Redis is reported once and everything else is served', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  const { redis } = router
  await redis.set('frontend:string.test', 'x')
  await redis.rpush('frontend:bad host;del', 'x', `http://${one.address}`)
  await redis.rpush('frontend:Upper.test', 'x', `http://${one.address}`)
  await redis.rpush('frontend:x.test\nserver evil', 'x', `http://${one.address}`)
  await redis.rpush('frontend:url.test', 'x', 'javascript:alert(1)', `http://${one.address}`)
  await redis.rpush(
    'frontend:urls.test',
    'x',
    'http://1.2.3.4:99999',
    'http://0.0.0.0:80',
    'https://1.2.3.4:1',
  )
  await redis.hset('paas:apps', 'broken', '{"name":', 'alien', '[1]', 'id with space', '{}')
  await redis.hset(
    'paas:hosts',
    'broken.test',
    'broken',
    'alien.test',
    'alien',
    'space.test',
    'id with space',
  )
  await router.publish({ ours: route(['ours.test'], [one.address]) })

  await until('the good URL is served', async () => (await router.get('url.test')).body === 'one')
  expect((await router.get('ours.test')).body).toBe('one')
  expect((await router.get('urls.test')).status).toBe(503)
  expect((await router.get('string.test')).status).toBe(404)
  expect((await router.get('broken.test')).status).toBe(503)
  await router.publish({ more: route(['more.test'], [one.address]) })
  const report = await router.report()
  expect(report.match(/skipped frontend:string\.test/g)).toHaveLength(1)
  expect(report.match(/skipped javascript:alert/g)).toHaveLength(1)
  expect(report).not.toContain('\nserver evil')
})
