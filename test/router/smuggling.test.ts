import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRouter } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
/** Every byte that the router has sent to the app. */
let taken = ''

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const port = await startApp()
  await router.publish({ app: route(['app.test', 'other.test'], [`127.0.0.1:${port}`]) })
})
afterAll(() => stack.disposeAsync())

const get = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n'
const post = 'POST / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n'
const chunked = `${post}Transfer-Encoding: chunked\r\n`
const inside = 'GET /inside HTTP/1.1\r\nHost: app.test\r\n\r\n'
const webSocket = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'

test.each([
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two Hosts', `${get}Host: evil.test\r\n\r\n`],
  ['a list of Hosts', 'GET / HTTP/1.1\r\nHost: app.test, other.test\r\n\r\n'],
  ['a Host with a slash', 'GET / HTTP/1.1\r\nHost: app.test/v1\r\n\r\n'],
  ['a Host with a space', 'GET / HTTP/1.1\r\nHost: app.test x\r\n\r\n'],
  ['a Host with a quote', 'GET / HTTP/1.1\r\nHost: app.test"x\r\n\r\n'],
  ['a Host with a percent sign', 'GET / HTTP/1.1\r\nHost: app%2etest\r\n\r\n'],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: app.test@evil.test\r\n\r\n'],
  ['another authority in the request line', 'GET http://evil.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a user in the request line', 'GET http://app.test@evil.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['an authority alone', 'GET http://app.test/ HTTP/1.1\r\n\r\n'],
  ['a space before the request', ` ${get}\r\n`],
  ['a folded first header', 'GET / HTTP/1.1\r\n Host: app.test\r\n\r\n'],
  ['a space before the colon', `${get}X-Name : x\r\n\r\n`],
  ['a header without a colon', `${get}X-Name\r\n\r\n`],
  ['a header without a name', `${get}: x\r\n\r\n`],
  ['a space in a name', `${get}X Name: x\r\n\r\n`],
  ['a NUL in a value', `${get}X-Name: a\0b\r\n\r\n`],
  ['an escape in a value', `${get}X-Name: a\x1b[31mb\r\n\r\n`],
  ['a bare CR in a value', `${get}X-Name: a\rX-Other: b\r\n\r\n`],
  ['a CR twice', `${get}X-Name: a\r\r\n\r\n`],
  ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a space in the path', 'GET /a b HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a fragment in the path', 'GET /a#b HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a raw byte in the path', 'GET /\xe9 HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['no slash before the path', 'GET admin HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a star for a path', 'GET * HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['no method', ' / HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['a brace in the method', 'G{T / HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: app.test\r\n\r\n'],
  ['HTTP/3', 'GET / HTTP/3.0\r\nHost: app.test\r\n\r\n'],
  ['a version in small letters', 'GET / http/1.1\r\nHost: app.test\r\n\r\n'],
  ['HTTP/2 without a handshake', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['CONNECT', 'CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\n'],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n'],
  ['two lengths', `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
  ['a list of lengths', `${post}Content-Length: 3, 4\r\n\r\nabcd`],
  ['an empty length', `${post}Content-Length:\r\n\r\nabc`],
  ['a length of two words', `${post}Content-Length: 1 2\r\n\r\nabc`],
  ['a negative length', `${post}Content-Length: -1\r\n\r\n`],
  ['a signed length', `${post}Content-Length: +3\r\n\r\nabc`],
  ['a hexadecimal length', `${post}Content-Length: 0x3\r\n\r\nabc`],
  ['a length beyond numbers', `${post}Content-Length: 99999999999999999999\r\n\r\nabc`],
  ['an unknown transfer coding', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['a coding beside chunked', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked not last', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  ['identity behind chunked', `${chunked}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
  ['identity beside a length', `${post}Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc`],
  ['an empty transfer coding', `${post}Transfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc`],
  ['a space before its colon', `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['a vertical tab before chunked', `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bad chunk size', `${chunked}\r\nxyz\r\nabc\r\n0\r\n\r\n`],
  ['a signed chunk size', `${chunked}\r\n+3\r\nabc\r\n0\r\n\r\n`],
  ['a chunk size with 0x', `${chunked}\r\n0x3\r\nabc\r\n0\r\n\r\n`],
  ['a huge chunk size', `${chunked}\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n`],
  ['a bare CR behind a chunk size', `${chunked}\r\n3\rabc\r\n0\r\n\r\n`],
  ['a chunk longer than its size', `${chunked}\r\n3\r\nabcd\r\n0\r\n\r\n`],
  ['too many headers', `${get}${'X-Name: x\r\n'.repeat(500)}\r\n`],
  ['a header that is too long', `${get}X-Name: ${'x'.repeat(20_000)}\r\n\r\n`],
])('%s is refused and no app takes it whole', async (_name, bytes) => {
  taken = ''
  const answer = await router.raw(bytes)
  expect(answer).toMatch(/^HTTP\/1\.[01] 4\d\d /)
  expect(answer.match(/HTTP\/1/g)).toHaveLength(1)
  // A body is sent on while it comes: what is wrong in it may show when the head has passed.
  expect(taken).not.toMatch(/\r\n0\r\n\r\n$/)
  expect(taken).not.toMatch(/^GET|^OPTIONS|inside|evil/)
})

test.each([
  [
    'a length before chunks',
    `${post}Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inside}`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '0', '', ''],
  ],
  [
    'a length behind chunks',
    `${chunked}Content-Length: 60\r\n\r\n0\r\n\r\n${inside}`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '0', '', ''],
  ],
  [
    'a folded transfer coding',
    `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '0', '', ''],
  ],
  [
    'equal lengths',
    `${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    ['POST / HTTP/1.1', 'content-length: 3', '', 'abc'],
  ],
  [
    'a list of equal lengths',
    `${post}Content-Length: 3, 3\r\n\r\nabc`,
    ['POST / HTTP/1.1', 'content-length: 3', '', 'abc'],
  ],
  [
    'a request as the body of another',
    `${get}Content-Length: ${inside.length}\r\n\r\n${inside}`,
    ['GET / HTTP/1.1', 'content-length: 40', '', 'GET /inside HTTP/1.1', 'Host: app.test', '', ''],
  ],
  [
    'names with underscores',
    `${post}Content-Length: 3\r\nTransfer_Encoding: chunked\r\nX_Forwarded_For: 6.6.6.6\r\n\r\nabc`,
    ['POST / HTTP/1.1', 'content-length: 3', '', 'abc'],
  ],
  [
    'a chunk extension',
    `${chunked}\r\n3;a="\r\nabc\r\n0\r\n\r\n`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '3', 'abc', '0', '', ''],
  ],
  [
    'a chunk extension with a bare LF',
    `${chunked}\r\n3;a\nabc\r\n0\r\n\r\n`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '3', 'abc', '0', '', ''],
  ],
  [
    'chunk sizes with zeros and spaces',
    `${chunked}\r\n0003 \r\nabc\r\n000\r\n\r\n`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '3', 'abc', '0', '', ''],
  ],
  [
    'a trailer that is one of our headers',
    `${chunked}\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`,
    ['POST / HTTP/1.1', 'transfer-encoding: chunked', '', '0', 'x-forwarded-for: 6.6.6.6', '', ''],
  ],
  [
    'bare LFs',
    'GET / HTTP/1.1\nHost: app.test\nConnection: close\nX-Name: a\n\n',
    ['GET / HTTP/1.1', 'x-name: a', '', ''],
  ],
  ['empty lines before the request', `\r\n\r\n${get}\r\n`, ['GET / HTTP/1.1', '', '']],
  ['a folded header', `${get}X-Name: a\r\n b\r\n\r\n`, ['GET / HTTP/1.1', 'x-name: a   b', '', '']],
  ['the same Host twice', `${get}Host: app.test\r\n\r\n`, ['GET / HTTP/1.1', '', '']],
  [
    'the absolute form',
    'GET http://app.test/x?y HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n',
    ['GET /x?y HTTP/1.1', '', ''],
  ],
  [
    'the absolute form with another scheme',
    'GET https://app.test/x HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n',
    ['GET /x HTTP/1.1', '', ''],
  ],
  [
    'a Connection that names our headers',
    'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close, x-forwarded-for, x-request-id\r\n\r\n',
    ['GET / HTTP/1.1', '', ''],
  ],
  [
    'an upgrade to h2c',
    'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n',
    ['GET / HTTP/1.1', '', ''],
  ],
  [
    'a WebSocket that would be h2c too',
    `GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close, Upgrade, x-request-id\r\nUpgrade: websocket, h2c\r\n${webSocket}\r\n`,
    [
      'GET / HTTP/1.1',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version: 13',
      'connection: upgrade',
      'upgrade: websocket',
      '',
      '',
    ],
  ],
  [
    'a proxy of its own',
    `${get}Proxy: http://evil.test\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n`,
    ['GET / HTTP/1.1', '', ''],
  ],
])('%s: the app reads one request, and what it says is plain', async (_name, bytes, lines) => {
  taken = ''
  const answer = await router.raw(bytes)
  expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(1)
  expect(withoutOurs(taken)).toEqual(lines.join('\r\n'))
})

test('Requests in one packet are answered one by one, each by the app of its own host', async () => {
  taken = ''
  const answer = await router.raw(
    `GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n`,
  )
  expect(answer.match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
  expect(taken.match(/^(GET|host:) ?\S+/gm)).toEqual([
    'GET /1',
    'host: app.test',
    'GET /2',
    'host: other.test',
  ])
})

/** What the app took beyond the lines that the router sets itself, each of which must be there once. */
function withoutOurs(text: string): string {
  const [head = ''] = text.split('\r\n\r\n', 1)
  for (const name of [
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-request-id',
  ])
    expect(head.match(new RegExp(`^${name}: `, 'gm')), name).toHaveLength(1)
  expect(head).toMatch(/^x-forwarded-for: 127\.0\.0\.1$/m)
  const ours = /^(host|x-forwarded-(for|host|proto|port)|x-request-id): .*\r\n/gm
  return `${`${head}\r\n`.replace(ours, '')}${text.slice(head.length + 2)}`
}

/** Takes bytes, not what a parser makes of them, and answers where by its own reading a request has ended. Returns its port. */
async function startApp(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (text: string) => {
      taken += text
      pending += text
      if (!isWhole(pending)) return
      pending = ''
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = text.slice(0, end)
  const body = text.slice(end + 4)
  if (/^transfer-encoding:/m.test(head)) return /(^|\r\n)0\r\n(\S.*\r\n)*\r\n$/.test(body)
  return body.length >= Number(/^content-length: (\d+)/m.exec(head)?.[1] ?? 0)
}
