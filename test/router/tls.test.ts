import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { connect as connectH2 } from 'node:http2'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type PeerCertificate, type SecureVersion, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { AppRoute } from '../../router/contract.ts'
import { certificateFolder } from '../../router/paths.ts'
import { certificateFile } from '../../server/tls/certificate-facts.ts'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>
let address: string
let webSockets: WebSocketServer

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => response.end(JSON.stringify(incoming.headers))),
  )
  webSockets = new WebSocketServer({ server: backend.server })
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
  address = backend.address
})
afterAll(() => stack.disposeAsync())

/** A new certificate for `names` as the server puts it there; its file's name. */
async function certificate(...names: string[]): Promise<string> {
  const { chain, privateKey } = await selfSigned(names, 10)
  return put(chain, chain + privateKey)
}

async function put(chain: string, content: string): Promise<string> {
  const folder = certificateFolder(router.home)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = certificateFile(chain)
  await writeFile(join(folder, file), content, { mode: 0o400 })
  return file
}

const secured = (host: string, file: string, more: Partial<AppRoute> = {}): AppRoute => ({
  ...route([host], [address]),
  certificates: [{ file, hosts: [host] }],
  ...more,
})

/** The names in the certificate that `host` is answered with; the alert where there is none. */
function served(host: string, options: { maxVersion?: SecureVersion } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect(
      { port: router.httpsPort, host: '127.0.0.1', servername: host, rejectUnauthorized: false, ...options },
      () => {
        resolve((socket.getPeerCertificate() as PeerCertificate).subjectaltname ?? '')
        socket.destroy()
      },
    )
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

type Secure = {
  readonly status: number
  readonly body: string
  readonly hsts: unknown
  readonly location: string | undefined
}

function secureGet(host: string, path = '/'): Promise<Secure> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port: router.httpsPort,
        host: '127.0.0.1',
        servername: host,
        path,
        headers: { host },
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        const { 'strict-transport-security': hsts, location } = response.headers
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, body, hsts, location }),
          reject,
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

const noName = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'

test('A certificate is served as soon as it is published, replaced and taken away, without a reload', async () => {
  const pid = await router.haproxyPid()
  await router.publish({ app: route(['app.test'], [address]) })
  expect(await served('app.test')).toContain(noName)
  await router.publish({ app: secured('app.test', await certificate('app.test', 'first.test')) })
  expect(await served('app.test')).toBe('DNS:app.test, DNS:first.test')
  const { status, body } = await secureGet('app.test')
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({
    'x-forwarded-proto': 'https',
    'x-forwarded-port': `${router.httpsPort}`,
  })
  await router.publish({ app: secured('app.test', await certificate('app.test', 'second.test')) })
  expect(await served('app.test')).toBe('DNS:app.test, DNS:second.test')
  await router.publish({ app: route(['app.test'], [address]) })
  expect(await served('app.test')).toContain(noName)
  expect(await router.haproxyPid()).toBe(pid)
})

test('A certificate serves those hosts alone that are its app’s', async () => {
  const file = await certificate('mine.test', 'victim.test', '*.wild.test')
  await router.publish({
    mine: {
      ...route(['mine.test', '*.wild.test'], [address]),
      certificates: [{ file, hosts: ['mine.test', '*.wild.test'] }],
    },
    victim: route(['victim.test'], [address]),
  })
  expect(await served('mine.test')).toContain('DNS:mine.test')
  expect(await served('x.wild.test')).toContain('DNS:mine.test')
  expect(await served('victim.test')).toContain(noName)
  expect(await served('nobody.test')).toContain(noName)
})

test('HTTP/2 is spoken with whoever offers it, WebSockets pass, and TLS 1.1 is refused', async () => {
  await router.publish({ app: secured('app.test', await certificate('app.test')) })
  const client = connectH2(`https://127.0.0.1:${router.httpsPort}`, {
    servername: 'app.test',
    rejectUnauthorized: false,
  })
  const stream = client.request({ ':authority': 'app.test', ':path': '/' })
  const headers = JSON.parse(await text(stream))
  expect(headers).toMatchObject({ host: 'app.test', 'x-forwarded-proto': 'https' })
  client.destroy()

  const options = { headers: { host: 'app.test' }, servername: 'app.test', rejectUnauthorized: false }
  const socket = new WebSocket(`wss://127.0.0.1:${router.httpsPort}/`, options)
  const echo = new Promise((resolve, reject) => {
    socket.on('open', () => socket.send('hello'))
    socket.on('message', (data) => resolve(`${data}`))
    socket.on('error', reject)
  })
  expect(await echo).toBe('echo hello')
  socket.terminate()

  expect(await served('app.test', { maxVersion: 'TLSv1.2' })).toBe('DNS:app.test')
  expect(await served('app.test', { maxVersion: 'TLSv1.1' })).not.toBe('DNS:app.test')
})

test('Plain requests are redirected where that is wanted, and browsers told to come by https', async () => {
  const file = await certificate('app.test')
  const publish = (redirect: boolean, hsts: boolean) =>
    router.publish({
      app: {
        ...route(['app.test', 'plain.test'], [address]),
        certificates: [{ file, hosts: ['app.test'] }],
        https: { redirect, hsts },
      },
    })
  await publish(true, false)
  const answer = await router.get('app.test:80', '/a/b?c=%20d')
  expect(answer.status).toBe(308)
  expect(answer.headers.location).toBe(`https://app.test:${router.httpsPort}/a/b?c=%20d`)
  expect((await router.get('plain.test')).status).toBe(200)
  expect(await secureGet('app.test')).toMatchObject({ status: 200, hsts: undefined })
  await publish(true, true)
  expect(await secureGet('app.test')).toMatchObject({ status: 200, hsts: 'max-age=31536000' })
  expect((await router.get('app.test')).headers['strict-transport-security']).toBeUndefined()
  await publish(false, true)
  expect((await router.get('app.test')).status).toBe(200)
  await publish(false, false)
  expect(await secureGet('app.test')).toMatchObject({ status: 200, hsts: undefined })
})

test('The canonical domain is where https visitors are led by https, and not at all where it has no certificate', async () => {
  const hosts = ['app.test', 'www.app.test', 'bare.app.test']
  const publish = async (...names: string[]) =>
    router.publish({
      app: {
        ...route(hosts, [address]),
        certificates: [{ file: await certificate(...names), hosts: names }],
        https: { redirect: true, hsts: false },
        extras: { canonical: 'app.test' },
      },
    })
  const canonical = `https://app.test:${router.httpsPort}/a?b=%20c`
  await publish('app.test', 'www.app.test')
  expect(await secureGet('www.app.test', '/a?b=%20c')).toMatchObject({ status: 308, location: canonical })
  expect((await secureGet('app.test', '/a')).status).toBe(200)
  const plain = async (host: string) => (await router.get(host, '/a?b=%20c')).headers.location
  expect(await plain('www.app.test')).toBe(`https://www.app.test:${router.httpsPort}/a?b=%20c`)
  expect(await plain('bare.app.test')).toBe(`http://app.test:${router.port}/a?b=%20c`)
  expect(await plain('app.test')).toBe(canonical)

  await publish('www.app.test')
  expect(await secureGet('www.app.test', '/a')).toMatchObject({ status: 200, location: undefined })
  expect(await plain('bare.app.test')).toBe(`http://app.test:${router.port}/a?b=%20c`)
  expect(await plain('www.app.test')).toBe(`https://www.app.test:${router.httpsPort}/a?b=%20c`)
  expect((await router.get('app.test')).status).toBe(200)
})

test('A certificate authority finds its answer before any redirect and in maintenance', async () => {
  const file = await certificate('app.test')
  const challenges = { 'tok-en_1': 'tok-en_1.thumb_print-2' }
  await router.publish({
    app: secured('app.test', file, {
      https: { redirect: true, hsts: false },
      closed: 'maintenance',
      challenges,
    }),
  })
  const path = '/.well-known/acme-challenge/'
  expect(await router.get('app.test', `${path}tok-en_1`)).toMatchObject({
    status: 200,
    body: 'tok-en_1.thumb_print-2',
  })
  expect((await router.get('app.test', `${path}other`)).status).toBe(308)
  await router.publish({ app: secured('app.test', file) })
  expect((await router.get('app.test', `${path}tok-en_1`)).body).toContain('"host":"app.test"')
})

test('Certificates outlive restarts of HAProxy and of the router', async () => {
  await router.publish({ app: secured('app.test', await certificate('app.test')) })
  await router.killHaproxy()
  await until('it is served again', async () => (await served('app.test')) === 'DNS:app.test')
  await router.stop('router', 'SIGKILL')
  await router.killHaproxy()
  await until('it is served again', async () => (await served('app.test')) === 'DNS:app.test')
  router.startFollower()
  await router.publish({ app: secured('app.test', await certificate('app.test', 'new.test')) })
  expect(await served('app.test')).toBe('DNS:app.test, DNS:new.test')
})

test('A certificate that is missing or broken is reported and keeps nothing else from being served', async () => {
  const broken = await put('broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const missing = `${'0'.repeat(64)}.pem`
  await router.publish({
    broken: secured('broken.test', broken),
    missing: secured('missing.test', missing),
    good: secured('good.test', await certificate('good.test')),
  })
  expect(await served('good.test')).toBe('DNS:good.test')
  expect((await router.get('broken.test')).status).toBe(200)
  expect((await router.get('missing.test')).status).toBe(200)
  await until('it is reported', async () => {
    const report = await router.report()
    return report.includes(missing) && report.includes(broken)
  })
  await router.killHaproxy()
  await until('it is served again', async () => (await served('good.test')) === 'DNS:good.test')
  const folder = certificateFolder(router.home)
  await chmod(folder, 0o700)
  await rm(join(folder, broken))
})
