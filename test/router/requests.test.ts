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

test('Connection can not name our headers away', async () => {
  const { body } = await router.get('app.test', '/', { Connection: 'close, x-forwarded-for, x-request-id' })
  expect(JSON.parse(body)).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-request-id': expect.any(String),
  })
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

const get = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n'
const post = 'POST / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n'

test.each([
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two Hosts', `${get}Host: evil.test\r\n\r\n`],
  ['a Host with a slash', 'GET / HTTP/1.1\r\nHost: app.test/v1\r\nConnection: close\r\n\r\n'],
  ['a Host with a space', 'GET / HTTP/1.1\r\nHost: app.test x\r\nConnection: close\r\n\r\n'],
  ['a Host with a quote', 'GET / HTTP/1.1\r\nHost: app.test"x\r\nConnection: close\r\n\r\n'],
  ['a Host with a percent sign', 'GET / HTTP/1.1\r\nHost: app%2etest\r\nConnection: close\r\n\r\n'],
  ['a space before the colon', `${get}X-Name : x\r\n\r\n`],
  ['a NUL in a value', `${get}X-Name: a\0b\r\n\r\n`],
  ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a bare CR in a value', `${get}X-Name: a\rX-Other: b\r\n\r\n`],
  ['no method', ' / HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: app.test\r\n\r\n'],
  ['HTTP/3', 'GET / HTTP/3.0\r\nHost: app.test\r\n\r\n'],
  ['two lengths', `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
  ['a list of lengths', `${post}Content-Length: 3, 4\r\n\r\nabcd`],
  ['a negative length', `${post}Content-Length: -1\r\n\r\n`],
  ['a signed length', `${post}Content-Length: +3\r\n\r\nabc`],
  ['a hexadecimal length', `${post}Content-Length: 0x3\r\n\r\nabc`],
  ['an unknown transfer coding', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['chunked not last', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bad chunk size', `${post}Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n`],
  ['a huge chunk size', `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n`],
  ['CONNECT', 'CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\n'],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['another authority in the request line', 'GET http://evil.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['HTTP/2 without a handshake', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['too many headers', `${get}${'X-Name: x\r\n'.repeat(500)}\r\n`],
  ['a header that is too long', `${get}X-Name: ${'x'.repeat(20_000)}\r\n\r\n`],
])('%s is refused and no app takes it', async (_name, bytes) => {
  const before = bodies.length
  expect(await router.raw(bytes)).toMatch(/^HTTP\/1\.[01] 4\d\d /)
  expect(bodies.length).toBe(before)
})

test('A length beside chunks is dropped: there is one request, not two', async () => {
  const before = seen.length
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n'
  const answer = await router.raw(
    `${post}Content-Length: ${smuggled.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  )
  expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
  expect(seen.slice(before).map(({ url }) => url)).not.toContain('/smuggled')
  expect(seen.at(-1)?.headers['content-length']).toBeUndefined()
})

test('A folded header and an upgrade to h2c do not pass', async () => {
  const before = seen.length
  await router.raw(`${get}X-Name: a\r\n b\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n`)
  const passed = seen.slice(before)
  for (const { headers } of passed) {
    expect(headers.upgrade).toBeUndefined()
    expect(headers['http2-settings']).toBeUndefined()
    expect(headers['x-name']).toMatch(/^a +b$/)
  }
})

test('A client that goes away does not stop the next one', async () => {
  const socket = connect(router.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\nabc')
  socket.destroy()
  expect((await router.get('app.test')).status).toBe(200)
})
