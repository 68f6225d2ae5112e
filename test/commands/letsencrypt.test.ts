import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { type Authority, makeAuthority } from '../authority.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson } from '../person.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let authority: Authority
let paas: TestInstance
beforeAll(async () => {
  authority = await makeAuthority()
  paas = await startInstance({ NODE_EXTRA_CA_CERTS: authority.trust })
  await authority.start(paas.httpPort)
  await paas.ok('apps:create blog')
  await paas.ok('domains:add blog www.example.com')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
  await authority?.[Symbol.asyncDispose]()
})

/** The certificate that `host` is answered with; undefined where there is none. */
function served(host: string): Promise<PeerCertificate | undefined> {
  return new Promise((resolve) => {
    const port = Number(paas.environment.PAAS_HTTPS_PORT)
    const socket = connect({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
  })
}

const report = async () => JSON.parse(await paas.ok('certs:report blog --json'))

test('letsencrypt:set says who is asked and as whom, and refuses what is neither', async () => {
  expect(JSON.parse(await paas.ok('letsencrypt --json'))).toEqual({
    server: 'https://acme-v02.api.letsencrypt.org/directory',
    email: null,
    apps: [],
  })
  expect(await paas.ok('letsencrypt:set server staging')).toContain('acme-staging-v02')
  await paas.ok('letsencrypt:set email ann@example.com')
  for (const line of ['server http://x', 'server constructor', 'email ann', 'email "a@b c"', 'colour red'])
    expect(await paas.ssh(`letsencrypt:set ${line}`), line).toMatchObject({ exitCode: 64, stdout: '' })
  await paas.ok(`letsencrypt:set server ${authority.directory}`)
  const ann = await addPerson(paas, 'ann')
  expect((await ann.ssh('letsencrypt:set server staging')).exitCode).toBe(77)
  expect(JSON.parse(await paas.ok('letsencrypt:list --json'))).toMatchObject({
    server: authority.directory,
    email: 'ann@example.com',
  })
})

test('letsencrypt:enable gets a certificate for the public domains, in maintenance too', async () => {
  await paas.ok('maintenance:on blog')
  const said = await paas.ok('letsencrypt:enable blog')
  expect(said).toContain('for www.example.com')
  expect(said).toContain('Left out: blog.localhost')
  const certificate = await served('www.example.com')
  expect(certificate?.subjectaltname).toBe('DNS:www.example.com')
  expect(certificate?.issuer.CN).toMatch(/^Pebble/)
  expect(await report()).toMatchObject({
    certificate: 'letsencrypt',
    secured: ['www.example.com'],
    plain: ['blog.localhost'],
    renewal: 'automatic',
    failure: null,
  })
  expect(await paas.ok('letsencrypt')).toMatch(/^blog +\d{4}-/)
  await paas.ok('maintenance:off blog')
  const challenge = await paas.get('blog.localhost', '/.well-known/acme-challenge/x')
  expect(challenge.status).toBe(503)
})

test('a domain that comes later is in the next certificate, which the server gets by itself', async () => {
  await paas.ok('domains:add blog shop.example.com')
  await until(
    'the domain is secured',
    async () => (await served('shop.example.com'))?.subjectaltname?.includes('DNS:shop.example.com') === true,
    60_000,
  )
  expect((await served('www.example.com'))?.subjectaltname).toContain('DNS:shop.example.com')
  await until('it is told', async () => {
    const events = readFileSync(join(paas.home, 'events.jsonl'), 'utf8')
    return events.match(/"certificate-obtained"/g)?.length === 2
  })
})

test('letsencrypt:auto-renew renews what is due, or what is told to', async () => {
  const before = (await served('www.example.com'))?.fingerprint256
  expect(await paas.ok('letsencrypt:auto-renew blog')).toContain('not due yet')
  expect((await served('www.example.com'))?.fingerprint256).toBe(before)
  expect(await paas.ok('letsencrypt:auto-renew --all --force')).toContain('renewed')
  expect((await served('www.example.com'))?.fingerprint256).not.toBe(before)
})

test('what the authority refuses is said, and the certificate stays', async () => {
  await paas.ok('apps:create bare')
  const none = await paas.ssh('letsencrypt:enable bare')
  expect(none.exitCode).toBe(1)
  expect(none.stderr).toContain('no domain that a certificate authority can reach')
  expect((await paas.ssh('letsencrypt:auto-renew bare')).stderr).toContain('letsencrypt:enable bare')

  const before = (await served('www.example.com'))?.fingerprint256
  await paas.ok('domains:add bare refused.example')
  const refused = await paas.ssh('letsencrypt:enable bare')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('The certificate authority refused')
  expect((await served('www.example.com'))?.fingerprint256).toBe(before)
  await paas.ok('letsencrypt:set server https://127.0.0.1:9/dir')
  const down = await paas.ssh('letsencrypt:enable bare')
  expect(down.exitCode).toBe(75)
  expect(down.stderr).toContain('127.0.0.1:9 does not answer')
  expect(JSON.parse(await paas.ok('certs bare --json'))).toMatchObject({ certificate: null, renewal: 'off' })
  await paas.ok(`letsencrypt:set server ${authority.directory}`)
})

test('a certificate of one’s own, or letsencrypt:disable, ends it', async () => {
  const own = await selfSigned(['www.example.com'], 10)
  await paas.ok('certs:add blog', { input: own.chain + own.privateKey })
  expect(await report()).toMatchObject({ certificate: 'added', renewal: 'off' })
  await paas.ok('letsencrypt:disable blog')
  expect((await report()).certificate).toBe('added')
  await paas.ok('certs:auto blog')
  expect(await report()).toMatchObject({ certificate: 'letsencrypt', renewal: 'automatic' })
  await paas.ok('letsencrypt:disable blog')
  expect(await report()).toMatchObject({ certificate: null, renewal: 'off' })
  expect(await served('www.example.com')).toBeUndefined()
})
