import { expect, test } from 'vitest'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

test('A thousand hosts published at once are served when they are acknowledged', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  const hosts = Array.from({ length: 1_000 }, (_, index) => `host${index}.test`)
  await router.publish({ app: route(hosts, [one.address]) })
  for (const host of hosts.filter((_, index) => index % 50 === 0)) {
    expect((await router.get(host)).body).toBe('one')
  }
  await router.publish({ app: route(hosts.slice(0, 10), [one.address]) })
  expect((await router.get('host9.test')).body).toBe('one')
  expect((await router.get('host10.test')).status).toBe(404)
})

test('More apps than slots make HAProxy reload, which fails no request', { timeout: 30_000 }, async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two', (incoming, response) => {
    if (incoming.url === '/long') response.write('x')
    else response.end('two')
  })
  await router.publish({
    first: route(['first.test'], [one.address]),
    second: route(['second.test'], [two.address]),
  })
  const long = router.get('second.test', '/long').catch(() => {})
  await router.publish({ second: route(['second.test'], [one.address], 2) })

  const answers = new Set<string>()
  let loading = true
  const load = (async () => {
    while (loading) answers.add((await router.get('first.test')).body)
  })()
  const apps = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`app${index}`, route([`h${index}.test`], [one.address])]),
  )
  await router.publish(apps)
  loading = false
  await load
  expect([...answers]).toEqual(['one'])
  for (let index = 0; index < 1_000; index += 100)
    expect((await router.get(`h${index}.test`)).body).toBe('one')
  expect((await router.report()).match(/reloading HAProxy/g)).toHaveLength(1)

  // The request that the old worker carries is still seen, and its end too.
  expect(await router.draining()).toEqual({ [`http://${two.address}`]: '1' })
  two.server.closeAllConnections()
  await long
  await until('nothing drains', async () => Object.keys(await router.draining()).length === 0)
})
