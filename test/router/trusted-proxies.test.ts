import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppRoute } from '../../router/contract.ts'
import { certificateFolder } from '../../router/paths.ts'
import { certificateFile } from '../../server/tls/certificate-facts.ts'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

const proxy = '127.0.0.5'
const nearProxy = '127.0.1.9'
const stranger = '127.0.0.6'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
let speaker: Awaited<ReturnType<typeof startRouter>>
let app: AppRoute
let asked = 0

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const environment = { PAAS_TRUSTED_PROXIES: `${proxy},127.0.1.0/24,fd00::/8` }
  router = stack.use(await startRouter({ environment }))
  speaker = stack.use(await startRouter({ environment: { ...environment, PAAS_PROXY_PROTOCOL: 'on' } }))
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      asked++
      response.end(JSON.stringify(incoming.headers))
    }),
  )
  app = route(['app.test', 'www.app.test'], [backend.address])
  await router.publish({ app })
  await speaker.publish({ app })
})
afterAll(() => stack.disposeAsync())

type Seen = { readonly status: number; readonly location: string | undefined; readonly body: string }

/** A request from `localAddress`. */
function ask(
  localAddress: string,
  headers: Record<string, string | string[]> = {},
  options: { readonly host?: string; readonly path?: string } = {},
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request({
      port: router.port,
      host: '127.0.0.1',
      localAddress,
      agent: false,
      path: options.path ?? '/',
      headers: { host: options.host ?? 'app.test', ...headers },
    })
    sent.on('error', reject).on('response', (response) => {
      const { statusCode: status = 0, headers: given } = response
      text(response).then((body) => resolve({ status, location: given.location, body }), reject)
    })
    sent.end()
  })
}

const heard = async (localAddress: string, headers: Record<string, string | string[]>) =>
  JSON.parse((await ask(localAddress, headers)).body) as Record<string, string>

/** All that comes back of `bytes` sent from `localAddress` to the router that expects PROXY headers. */
function talk(localAddress: string, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: speaker.port, host: '127.0.0.1', localAddress })
    let answer = ''
    // A refused connection is reset.
    socket.setEncoding('latin1').on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error)
    })
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('close', () => resolve(answer))
    socket.write(bytes)
  })
}

const forged = {
  'X-Forwarded-For': '6.6.6.6',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '444',
  'X-Forwarded-Host': 'evil.test',
}

test('What a stranger says of himself counts for nothing, and a trusted proxy is believed', async () => {
  expect(await heard(stranger, forged)).toMatchObject({
    'x-forwarded-for': stranger,
    'x-forwarded-proto': 'http',
    'x-forwarded-port': `${router.port}`,
    'x-forwarded-host': 'app.test',
  })
  const given = { ...forged, 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Host': 'shop.test:444' }
  const told = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '444',
    'x-forwarded-host': 'shop.test:444',
  }
  expect(await heard(proxy, given)).toMatchObject(told)
  expect(await heard(nearProxy, given)).toMatchObject(told)
  expect(await heard(proxy, { 'X-Forwarded-Proto': 'HTTPS' })).toMatchObject({
    'x-forwarded-for': proxy,
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    'x-forwarded-host': 'app.test',
  })
  const others = await heard(proxy, {
    'X-Real-IP': '6.6.6.6',
    Forwarded: 'for=6.6.6.6',
    X_Forwarded_For: '6.6.6.6',
  })
  expect(JSON.stringify(others)).not.toContain('6.6.6.6')
})

test.each([
  ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
  [['6.6.6.6', '1.2.3.4'], '1.2.3.4'],
  [`6.6.6.6, 1.2.3.4, ${nearProxy}, ${proxy}`, '1.2.3.4'],
  [`6.6.6.6, 2001:db8::1 , fd00::1,${proxy}`, '2001:db8::1'],
  ['6.6.6.6, unknown', proxy],
  [`6.6.6.6, unknown, ${nearProxy}`, nearProxy],
  ['6.6.6.6, "1.2.3.4"', proxy],
  ['6.6.6.6,', proxy],
  ['1.2.3.4:5678', '1.2.3.4'],
  [`6.6.6.6, ${Array(9).fill(proxy).join()}`, proxy],
])('Of the addresses %s the last that is no trusted proxy is the visitor’s', async (list, address) => {
  expect((await heard(proxy, { 'X-Forwarded-For': list }))['x-forwarded-for']).toBe(address)
})

test.each([
  ['X-Forwarded-Proto', 'https, http'],
  ['X-Forwarded-Proto', 'gopher'],
  ['X-Forwarded-Port', '70000000'],
  ['X-Forwarded-Port', '443/evil'],
  ['X-Forwarded-Host', 'evil.test/x'],
  ['X-Forwarded-Host', 'a.test, b.test'],
])('A proxy’s %s: %s is none', async (name, value) => {
  const seen = await heard(proxy, { [name]: value })
  expect(seen[name.toLowerCase()]).toMatch(/^(http|\d+|app\.test)$/)
  expect(seen[name.toLowerCase()]).not.toBe(value)
})

test('On one connection of a proxy each request has its own visitor', async () => {
  const get = (more: string): string => `GET / HTTP/1.1\r\nHost: app.test\r\n${more}\r\n`
  const bytes = [
    get('X-Forwarded-For: 1.2.3.4\r\n'),
    get(''),
    get('Connection: close\r\nX-Forwarded-For: 5.5.5.5\r\n'),
  ]
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ port: router.port, host: '127.0.0.1', localAddress: proxy })
    text(socket).then(resolve, reject)
    socket.write(bytes.join(''))
  })
  expect(answer.match(/(?<="x-forwarded-for":")[^"]+/g)).toEqual(['1.2.3.4', proxy, '5.5.5.5'])
})

test('The log, the rate limit and redirects go by the visitor, not by the proxy', async () => {
  await router.publish({ app: { ...app, extras: { rateLimit: 2 } } })
  const status = async (from: string, visitor: string): Promise<number> =>
    (await ask(from, { 'X-Forwarded-For': visitor }, { path: '/rate' })).status
  for (const expected of [200, 200, 429]) expect(await status(proxy, '9.9.9.1')).toBe(expected)
  expect(await status(proxy, '9.9.9.2')).toBe(200)
  // Who is not trusted is counted by himself, whomever he names.
  for (const expected of [200, 200, 429]) expect(await status(stranger, `9.9.8.${expected}`)).toBe(expected)
  await until('it is logged', async () => (await router.log('app')).includes('fwd="9.9.9.2"'))
  const log = await router.log('app')
  expect(log).toContain(`path="/rate" host=app.test`)
  expect(log).toMatch(/fwd="9\.9\.9\.1" .*status=429/)
  expect(log).not.toContain('9.9.8.')

  await router.publish({ app: { ...app, extras: { canonical: 'app.test' } } })
  const at = (headers: Record<string, string>, from = proxy) =>
    ask(from, headers, { host: 'www.app.test', path: '/a?b' })
  expect((await at({ 'X-Forwarded-Proto': 'https' })).location).toBe('https://app.test/a?b')
  const port = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '8443' }
  expect((await at(port)).location).toBe('https://app.test:8443/a?b')
  expect((await at(port, stranger)).location).toBe(`http://app.test:${router.port}/a?b`)
})

/** Gives app.test a certificate, and plain requests for it a redirect. */
async function secure({ home, publish }: typeof router): Promise<void> {
  const { chain, privateKey } = await selfSigned(['app.test'], 10)
  await mkdir(certificateFolder(home), { recursive: true, mode: 0o700 })
  await writeFile(join(certificateFolder(home), certificateFile(chain)), chain + privateKey)
  const certificates = [{ file: certificateFile(chain), hosts: ['app.test'] }]
  await publish({ app: { ...app, certificates, https: { redirect: true, hsts: true } } })
}

test('Who has asked a proxy by https is not sent to https again', async () => {
  await secure(router)
  expect((await ask(proxy, { 'X-Forwarded-Proto': 'https' })).status).toBe(200)
  expect((await ask(proxy, { 'X-Forwarded-Proto': 'http' })).location).toBe('https://app.test/')
  for (const headers of [{}, { 'X-Forwarded-Proto': 'https' }])
    expect((await ask(stranger, headers)).location).toBe(`https://app.test:${router.httpsPort}/`)
})

const get = 'GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n'
const version1 = (address: string, port = 80): string => `PROXY TCP4 ${address} 127.0.0.1 1000 ${port}\r\n`
const version2 = Buffer.from([
  ...Buffer.from('\r\n\r\n\0\r\nQUIT\n'),
  ...[0x21, 0x11, 0, 12, 1, 2, 3, 4, 127, 0, 0, 1, 0x12, 0x34, 0, 80],
])

test('A PROXY header of a trusted proxy names the visitor; behind it his own headers count for nothing', async () => {
  for (const preamble of [Buffer.from(version1('1.2.3.4')), version2]) {
    const answer = await talk(proxy, Buffer.concat([preamble, Buffer.from(get)]))
    expect(answer).toContain('"x-forwarded-for":"1.2.3.4"')
    expect(answer).toContain('"x-forwarded-proto":"http"')
  }
  // A load balancer in front of a proxy that is trusted as well.
  expect(await talk(proxy, version1(nearProxy) + get)).toContain('"x-forwarded-for":"6.6.6.6"')
  expect(await talk(stranger, get)).toContain(`"x-forwarded-for":"${stranger}"`)
  await until('they are logged', async () => (await speaker.log('app')).includes(`fwd="${stranger}"`))
  expect(await speaker.log('app')).toContain('fwd="1.2.3.4"')
})

test('A stranger’s PROXY header reaches no app, and a trusted proxy without one neither', async () => {
  const before = asked
  expect(await talk(stranger, version1('1.2.3.4') + get)).toContain('400 Bad request')
  expect(await talk(stranger, Buffer.concat([version2, Buffer.from(get)]))).not.toContain('200 OK')
  expect(await talk(proxy, get)).toBe('')
  expect(await talk(proxy, version1('1.2.3.4') + version1('6.6.6.6') + get)).toContain('400 Bad request')
  expect(asked).toBe(before)
})

test('Who has come to port 443 of a proxy that speaks PROXY has come by https, whatever he says himself', async () => {
  await secure(speaker)
  const says = (port: number, more = ''): Promise<string> =>
    talk(proxy, version1('1.2.3.4', port) + get.replace('\r\n\r\n', `\r\n${more}\r\n`))
  const secured = await says(443)
  expect(secured).toContain('"x-forwarded-proto":"https"')
  expect(secured).toContain('"x-forwarded-port":"443"')
  expect(secured.toLowerCase()).toContain('strict-transport-security')
  // As version 2 has it of a proxy that has ended TLS: with PP2_TYPE_SSL behind the addresses.
  const tls = [0x20, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0]
  const signed = Buffer.from([
    ...version2.subarray(0, 14),
    ...[0, 12 + tls.length],
    ...version2.subarray(16, 26),
    ...[1, 0xbb],
    ...tls,
  ])
  expect(await talk(proxy, Buffer.concat([signed, Buffer.from(get)]))).toContain(
    '"x-forwarded-proto":"https"',
  )
  for (const more of ['', 'X-Forwarded-Proto: https\r\n'])
    expect(await says(80, more)).toMatch(/308 [\s\S]*location: https:\/\/app\.test\/\r\n/)
  // Where a proxy leaves ports as they are, https is where we take it.
  expect(await says(speaker.port)).toContain(`location: https://app.test:${speaker.httpsPort}/\r\n`)
  expect(await talk(stranger, get)).toContain(`location: https://app.test:${speaker.httpsPort}/\r\n`)
})
