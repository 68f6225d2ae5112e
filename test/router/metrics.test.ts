import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get, startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
const held = Promise.withResolvers<void>()

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      if (incoming.url === '/held') void held.promise.then(() => response.end('late'))
      else response.writeHead(incoming.url === '/broken' ? 500 : 200).end('Hello, world\n')
    }),
  )
  await router.publish({
    busy: { ...route(['busy.test'], [backend.address]), name: 'shop' },
    idle: { ...route(['idle.test'], []), name: 'stopped' },
  })
})
afterAll(() => stack.disposeAsync())

const metrics = async (): Promise<string> => (await get(router.metricsPort, '/metrics', {})).body

test('Prometheus is told how many answers of which status each app gave, how soon, and what is in flight', async () => {
  await router.get('busy.test')
  await router.get('busy.test')
  await router.get('busy.test', '/broken')
  await router.get('idle.test')
  await router.get('nobody.test')
  const late = router.get('busy.test', '/held')
  const lines = [
    'paas_requests_total{app="shop",code="200"} 2',
    'paas_requests_total{app="shop",code="500"} 1',
    'paas_requests_total{app="stopped",code="503"} 1',
    'paas_response_seconds_bucket{app="shop",le="60"} 3',
    'paas_response_seconds_bucket{app="shop",le="+Inf"} 3',
    'paas_response_seconds_count{app="shop"} 3',
    'paas_requests_in_flight{app="shop"} 1',
    'paas_requests_in_flight{app="stopped"} 0',
    'paas_backends{app="shop"} 1',
  ]
  await until('all of it is told', async () => {
    const told = (await metrics()).split('\n')
    return lines.every((line) => told.includes(line))
  })
  expect(await metrics()).toMatch(/^paas_requests_total\{app="unknown",code="404"\} \d+$/m)
  expect(await metrics()).toMatch(/^paas_response_bytes_total\{app="shop"\} [1-9]\d+$/m)
  const types = [...(await metrics()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  )
  expect(types).toEqual([
    'paas_requests_total counter',
    'paas_response_bytes_total counter',
    'paas_response_seconds histogram',
    'paas_requests_in_flight gauge',
    'paas_backends gauge',
  ])
  held.resolve()
  await late
})

test('Every line is one of the text format', async () => {
  for (const line of (await metrics()).trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{\w+="[^"\\]*"(,\w+="[^"\\]*")?\} \d+(\.\d+)?(e-\d+)?)$/)
})

test('The last minute of each app is for the server alone', async () => {
  expect((await get(router.metricsPort, '/traffic', {})).status).toBe(404)
  const asked = request({ socketPath: join(router.directory, 'metrics.sock'), path: '/traffic' }).end()
  const answer = await new Promise<string>((resolve, reject) => {
    asked.on('error', reject)
    asked.on('response', (response) => resolve(text(response)))
  })
  expect(JSON.parse(answer)).toMatchObject({
    busy: { failed: 1, p95Ms: expect.any(Number) },
    idle: { requests: 1, failed: 1, inFlight: 0, refused: {} },
  })
})
