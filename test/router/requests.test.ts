import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
const seen: IncomingMessage[] = []
const bodies: string[] = []

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      seen.push(incoming)
      if (incoming.url === '/stream') {
        incoming.on('data', (part) => response.write(`got ${part}\n`))
        incoming.on('end', () => response.end('end'))
        response.writeHead(200)
        response.flushHeaders()
        return
      }
      let body = ''
      incoming.on('data', (part) => {
        body += part
      })
      incoming.on('end', () => {
        bodies.push(body)
        response.end(JSON.stringify(incoming.headers))
      })
    }),
  )
  await router.publish({ app: route(['app.test'], [backend.address]) })
})
afterAll(() => stack.disposeAsync())

test('X-Forwarded-* and a request id are ours, whatever the client says', async () => {
  const { body } = await router.get('app.test:1234', '/', {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '443',
    'X-Forwarded-Host': 'evil.test',
    'X-Forwarded-Server': 'evil',
    X_Forwarded_For: '6.6.6.6',
    'X-Real-IP': '6.6.6.6',
    'X-Request-Id': 'evil',
    'X-Request-Start': '1',
    Forwarded: 'for=6.6.6.6',
    'HTTP2-Settings': 'x',
    'X-Mine': 'kept',
  })
  const headers = JSON.parse(body)
  expect(headers).toMatchObject({
    host: 'app.test:1234',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': `${router.port}`,
    'x-forwarded-host': 'app.test:1234',
    'x-mine': 'kept',
  })
  expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const others = Object.keys(headers).filter((name) =>
    /evil|real.ip|x_|^forwarded|start|server|http2/.test(name),
  )
  expect(others).toEqual([])
  expect(body).not.toContain('6.6.6.6')
})

test('Requests and answers stream both ways', async () => {
  const sent = request({ port: router.port, method: 'POST', path: '/stream', headers: { host: 'app.test' } })
  sent.write('one')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.setEncoding('utf8')
  let answer = ''
  response.on('data', (part) => {
    answer += part
  })
  await until('one comes back', async () => answer === 'got one\n')
  sent.write('two')
  await until('two comes back', async () => answer === 'got one\ngot two\n')
  sent.end()
  await once(response, 'end')
  expect(answer).toBe('got one\ngot two\nend')
})

test('A client that goes away does not stop the next one', async () => {
  const socket = connect(router.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\nabc')
  socket.destroy()
  expect((await router.get('app.test')).status).toBe(200)
})
