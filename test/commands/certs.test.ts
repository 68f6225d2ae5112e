import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { certificateFolder } from '../../router/paths.ts'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
let httpsPort: number
beforeAll(async () => {
  paas = await startInstance()
  httpsPort = Number(paas.environment.PAAS_HTTPS_PORT)
  await paas.ok('apps:create blog')
  await paas.ok('domains:add blog www.example.com')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
  expect(existsSync(certificateFolder(paas.home))).toBe(false)
})

/** The names in the certificate that `host` is answered with; undefined where there is none. */
function served(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(
      { port: httpsPort, host: '127.0.0.1', servername: host, rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().subjectaltname)
        socket.destroy()
      },
    )
    socket.on('error', () => resolve(undefined))
  })
}

const report = async () => JSON.parse(await paas.ok('certs:report blog --json'))
const files = (): readonly string[] => {
  const folder = certificateFolder(paas.home)
  return existsSync(folder) ? readdirSync(folder) : []
}

test('certs:generate makes a certificate for all domains, and https answers when the command returns', async () => {
  expect(await report()).toMatchObject({ certificate: null, plain: ['blog.localhost', 'www.example.com'] })
  expect(await paas.ok('certs:generate blog')).toContain('self-signed')
  expect(await served('blog.localhost')).toBe('DNS:blog.localhost, DNS:www.example.com')
  expect(await served('www.example.com')).toBe('DNS:blog.localhost, DNS:www.example.com')
  expect(await served('other.localhost')).toBeUndefined()
  expect(await report()).toMatchObject({
    certificate: 'generated',
    secured: ['blog.localhost', 'www.example.com'],
    plain: [],
    redirect: 'on',
    hsts: 'off',
  })
  expect(await paas.ok('url blog')).toContain(`https://blog.localhost:${httpsPort}\n`)
  const answer = await paas.get('www.example.com', '/x?y=1')
  expect(answer.status).toBe(308)
  expect(answer.headers.location).toBe(`https://www.example.com:${httpsPort}/x?y=1`)
})

test('the key is in clear in memory alone, for the router’s user alone', async () => {
  const [file = ''] = files()
  const path = join(certificateFolder(paas.home), file)
  const key = readFileSync(path, 'utf8').split('-----BEGIN PRIVATE KEY-----')[1] ?? ''
  expect(key).toContain('END PRIVATE KEY')
  expect(statSync(path).mode & 0o777).toBe(0o400)
  expect(statSync(certificateFolder(paas.home)).mode & 0o777).toBe(0o700)
  expect(statSync(path).uid).toBe(statSync(join(paas.home, 'router')).uid)
  const canary = key.split('\n')[1] ?? ''
  expect(canary.length).toBeGreaterThan(40)
  const everything = readdirSync(paas.home, { recursive: true, encoding: 'utf8' })
    .map((name) => join(paas.home, name))
    .filter((name) => !name.startsWith(join(paas.home, 'code')) && lstatSync(name).isFile())
  expect(everything.length).toBeGreaterThan(10)
  for (const name of everything) expect(readFileSync(name, 'latin1').includes(canary), name).toBe(false)
})

test('certs:set turns redirect and hsts on and off', async () => {
  expect(await paas.ok('certs:set blog redirect off')).toContain('redirect is off')
  expect((await paas.get('blog.localhost')).status).toBe(503)
  await paas.ok('certs:set blog hsts on')
  expect(await report()).toMatchObject({ redirect: 'off', hsts: 'on' })
  await paas.ok('certs:set blog redirect on')
  await paas.ok('certs:set blog hsts off')
  expect((await paas.get('blog.localhost')).status).toBe(308)
  for (const line of ['colour on', 'redirect maybe', 'hsts'])
    expect(await paas.ssh(`certs:set blog ${line}`), line).toMatchObject({ exitCode: 64, stdout: '' })
})

test('certs:add takes PEM in any order or a tar, and the newest certificate is served', async () => {
  const one = await selfSigned(['blog.localhost', 'one.test'], 10)
  await paas.ok('certs:add blog', { input: `${one.privateKey}\n\n${one.chain}` })
  expect(await served('blog.localhost')).toBe('DNS:blog.localhost, DNS:one.test')
  expect(await served('www.example.com')).toBeUndefined()
  expect((await report()).secured).toEqual(['blog.localhost'])
  const two = await selfSigned(['blog.localhost', '*.example.com'], 10)
  const tar = pack()
  tar.entry({ name: 'server.crt' }, two.chain)
  tar.entry({ name: 'server.key' }, two.privateKey)
  tar.finalize()
  await paas.ok('certs:add blog server.crt server.key', { input: await buffer(tar) })
  expect(await served('www.example.com')).toBe('DNS:blog.localhost, DNS:*.example.com')
  expect(await report()).toMatchObject({ certificate: 'added', plain: [] })
  expect(files()).toHaveLength(1)
  const refused = await paas.ssh('certs:generate blog')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('certs:generate blog --force')
})

test('what cannot be served is refused, and the certificate stays', async () => {
  const before = await report()
  const pair = await selfSigned(['blog.localhost'], 10)
  const other = await selfSigned(['blog.localhost'], 10)
  const foreign = await selfSigned(['victim.test'], 10)
  const ended = await selfSigned(['blog.localhost'], -0.5)
  for (const [input, words] of [
    ['', 'nothing on stdin'],
    ['hello', 'no private key'],
    [pair.privateKey, 'no certificate'],
    [pair.chain, 'no private key'],
    [pair.chain + pair.privateKey + other.privateKey, 'more than one private key'],
    [pair.chain + other.privateKey, 'does not belong'],
    [foreign.chain + foreign.privateKey, 'for victim.test, and none of them'],
    [ended.chain + ended.privateKey, 'ended on'],
  ] as const) {
    const refused = await paas.ssh('certs:add blog', { input })
    expect(refused.exitCode, words).not.toBe(0)
    expect(refused.stderr).toContain(words)
  }
  expect(await report()).toEqual(before)
})

test('certificates outlive restarts of everything, and a domain that comes later is secured too', async () => {
  using repository = await makeRepository(staticApp('page'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  expect(push.stderr).toContain(`https://blog.localhost:${httpsPort}`)
  for (const part of ['server', 'redis', 'haproxy', 'router'] as const) await paas.kill(part)
  await paas.up()
  await until('it is served again', async () => (await served('blog.localhost')) !== undefined)
  await until(
    'routes are taken',
    async () => (await paas.ssh('domains:add blog b.example.com')).exitCode === 0,
  )
  expect(await served('b.example.com')).toBe('DNS:blog.localhost, DNS:*.example.com')
})

test('certs:remove and apps:destroy leave no key behind', async () => {
  await paas.ok('certs:remove blog')
  expect(await served('blog.localhost')).toBeUndefined()
  expect(files()).toEqual([])
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
  expect((await paas.ssh('certs:remove blog')).stderr).toContain('certs:generate blog')
  await paas.ok('certs:generate blog')
  expect(files()).toHaveLength(1)
  const ann = await addPerson(paas, 'ann')
  expect((await ann.ssh('certs blog')).exitCode).toBe(20)
  await paas.ok('apps:destroy blog --force')
  expect(files()).toEqual([])
  expect(await served('blog.localhost')).toBeUndefined()
})
