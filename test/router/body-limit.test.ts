import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      text(incoming).then(
        (body) => response.end(`${incoming.method} ${body.length}`),
        () => response.destroy(),
      )
    }),
  )
  await router.publish({
    limited: { ...route(['limited.test'], [backend.address]), bodyLimitBytes: 1000 },
    free: route(['free.test'], [backend.address]),
  })
})
afterAll(() => stack.disposeAsync())

function send(host: string, method: string, body: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(
      {
        port: router.port,
        host: '127.0.0.1',
        method,
        path: '/up',
        agent: false,
        headers: { host, ...headers },
      },
      (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

const sized = (body: string): Record<string, string> => ({ 'content-length': String(body.length) })

test('A body up to the limit passes, a larger one is refused before the app sees it', async () => {
  const fits = 'x'.repeat(1000)
  const large = 'x'.repeat(1001)
  expect(await send('limited.test', 'POST', fits, sized(fits))).toEqual({ status: 200, body: 'POST 1000' })
  const refused = await send('limited.test', 'POST', large, sized(large))
  expect(refused.status).toBe(413)
  expect(refused.body).toContain('That is too large')
  expect((await send('limited.test', 'DELETE', large, sized(large))).status).toBe(413)
  expect((await send('limited.test', 'GET', '')).status).toBe(200)
  expect((await send('free.test', 'POST', large, sized(large))).body).toBe('POST 1001')
})

test('A body that does not say how large it is is refused where there is a limit', async () => {
  const chunked = { 'transfer-encoding': 'chunked' }
  for (const method of ['POST', 'DELETE'])
    expect((await send('limited.test', method, 'x', chunked)).status, method).toBe(411)
  expect((await send('free.test', 'POST', 'x', chunked)).body).toBe('POST 1')
})

test('What is refused stands in the app’s log', async () => {
  await until('it is logged', async () => (await router.log('limited')).includes(' status=413 '))
  expect(await router.log('limited')).toMatch(/path="\/up" host=limited\.test .* dyno= .* status=413 /)
})
