import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificateFolder } from '../../router/paths.ts'
import { certificateFile } from '../../server/tls/certificate-facts.ts'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

// Hosts of which some paths lead to other apps.
let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
const addresses: Record<string, string> = {}
const asked: string[] = []

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  for (const name of ['site', 'api', 'deep', 'wild', 'alone']) {
    const backend = await startBackend(name, (incoming, response) => {
      asked.push(`${incoming.url}`)
      response.end(name)
    })
    addresses[name] = stack.use(backend).address
  }
  const to = (name: string, ...hosts: string[]) => route(hosts, [addresses[name] ?? ''])
  await router.publish({
    site: to('site', 'shop.test'),
    api: to('api', 'shop.test/api/', 'one.wild.test/api/', '*.wild.test/all/'),
    deep: to('deep', 'shop.test/api/v2/'),
    wild: to('wild', '*.wild.test'),
    alone: to('alone', 'alone.test/only/'),
  })
})
afterAll(() => stack.disposeAsync())

test.each([
  ['shop.test', '/', 'site'],
  ['shop.test', '/apix', 'site'],
  ['shop.test', '/ap', 'site'],
  ['shop.test', '/Api/x', 'site'],
  ['shop.test', '/x/api', 'site'],
  ['shop.test', '/?/api/', 'site'],
  ['shop.test', '/%61pi/x', 'site'],
  ['shop.test', '/api', 'api'],
  ['SHOP.test.:80', '/api/', 'api'],
  ['shop.test', '/api?x=/../', 'api'],
  ['shop.test', '/api/v20', 'api'],
  ['shop.test', '/api/.x/..y', 'api'],
  ['shop.test', '/api/v2', 'deep'],
  ['shop.test', '/api/v2/x', 'deep'],
  ['one.wild.test', '/api/x', 'api'],
  ['one.wild.test', '/x', 'wild'],
  ['two.wild.test', '/api/x', 'wild'],
  ['two.wild.test', '/all/x', 'api'],
  ['alone.test', '/only/x', 'alone'],
])('%s%s is answered by %s, and the app reads the path whole', async (host, path, name) => {
  expect((await router.get(host, path)).body).toBe(name)
  expect(asked.at(-1)).toBe(path)
})

test.each([
  '/api/../admin',
  '/api/..',
  '/x/../api/',
  '/./api/',
  '/api/.',
  '//api/',
  '/api//v2/',
  '/api/%2e%2e/admin',
  '/api/.%2E/admin',
  '/%2e/api/',
  '/api%2fv2/',
  '/api%2F..%2Fadmin',
  '/api/..%5cadmin',
])('A path that some take for another is refused where the host is divided: %s', async (path) => {
  const before = asked.length
  for (const host of ['shop.test', 'one.wild.test', 'two.wild.test'])
    expect((await router.get(host, path)).status, host).toBe(400)
  expect(asked).toHaveLength(before)
})

test('Where no path leads elsewhere such paths are the app’s own business', async () => {
  await router.publish({ plain: route(['plain.test'], [addresses.site ?? '']) })
  expect(await router.get('plain.test', '/api/..//%2e')).toMatchObject({ status: 200, body: 'site' })
})

test('A path without the rest of its host is that path alone', async () => {
  expect((await router.get('alone.test', '/')).status).toBe(404)
  expect((await router.get('alone.test', '/onlyx')).status).toBe(404)
})

test('A request is in the log of the app that it leads to', async () => {
  await router.get('shop.test', '/api/logged')
  await until('it is logged', async () => (await router.log('api')).includes('path="/api/logged"'))
  expect(await router.log('site')).not.toContain('/api/logged')
})

test('Whether a path is redirected to https is decided by its host', async () => {
  const { chain, privateKey } = await selfSigned(['shop.test', '*.wild.test'], 10)
  const file = certificateFile(chain)
  await mkdir(certificateFolder(router.home), { recursive: true, mode: 0o700 })
  await writeFile(join(certificateFolder(router.home), file), chain + privateKey)
  const publish = async (redirect: boolean): Promise<void> => {
    const https = { redirect, hsts: false }
    const secured = (name: string, host: string) => ({
      ...route([host], [addresses[name] ?? '']),
      certificates: [{ file, hosts: [host] }],
      https,
    })
    await router.publish({ site: secured('site', 'shop.test'), wild: secured('wild', '*.wild.test') })
  }
  await publish(true)
  const location = async (host: string, path: string) => (await router.get(host, path)).headers.location
  expect(await location('shop.test', '/api/x')).toBe(`https://shop.test:${router.httpsPort}/api/x`)
  expect(await location('one.wild.test', '/api/x')).toBe(`https://one.wild.test:${router.httpsPort}/api/x`)
  await publish(false)
  expect((await router.get('shop.test', '/api/x')).body).toBe('api')
})

test('Somebody else who writes to Redis gets no path of our hosts', async () => {
  const list = ['mine', `http://${addresses.wild}`] as const
  await router.redis.rpush('frontend:shop.test/login/', ...list)
  await router.redis.rpush('frontend:marker.test', ...list)
  await until('the marker is served', async () => (await router.get('marker.test')).body === 'wild')
  expect((await router.get('shop.test', '/login/')).body).toBe('site')
  await router.killHaproxy()
  // What HAProxy starts from may be a moment old: the last test has just changed it.
  await until('the newest table is served again', async () => {
    return (await router.get('shop.test', '/login/')).body === 'site'
  })
  expect((await router.get('shop.test', '/api/v2/x')).body).toBe('deep')
  expect((await router.get('shop.test', '/api/../x')).status).toBe(400)
})
