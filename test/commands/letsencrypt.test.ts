import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { type Authority, makeAuthority } from '../authority.ts'
import { eventsOf } from '../events-of.ts'
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
  await until(
    'it is told',
    async () => eventsOf(paas).filter(({ type }) => type === 'certificate-obtained').length === 2,
  )
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

const hook = (): string => join(paas.home, 'hooks', 'dns-challenge', '10-zone')
const asked = (): readonly string[] => readFileSync(join(paas.folder, 'asked'), 'utf8').trimEnd().split('\n')

/** Writes into the name server that the authority asks, and notes what it was called with. */
function writeHook(first = ''): void {
  mkdirSync(join(hook(), '..'), { recursive: true })
  writeFileSync(
    hook(),
    `#!/bin/sh
echo "$PAAS_APP $*" >> ${paas.folder}/asked
${first}
case $1 in
present) curl -fsS -d "{\\"host\\": \\"$2\\", \\"value\\": \\"$3\\"}" ${authority.records}/set-txt ;;
cleanup) curl -fsS -d "{\\"host\\": \\"$2\\"}" ${authority.records}/clear-txt ;;
esac
`,
  )
  chmodSync(hook(), 0o755)
}

test('a wildcard is proved by DNS, through a hook, and its record is taken away again', async () => {
  await paas.ok('apps:create wide')
  await paas.ok('domains:set wide *.wide.example wide.example')
  expect(await paas.ok('letsencrypt:enable wide')).toContain(
    'Left out: *.wide.example, which is proved by DNS',
  )
  expect(await served('any.wide.example')).toBeUndefined()

  // From then on the server asks by itself for what is lacking.
  writeHook()
  await until(
    'the wildcard is secured',
    async () => (await served('any.wide.example'))?.subjectaltname?.includes('DNS:*.wide.example') === true,
    60_000,
  )
  expect((await served('wide.example'))?.subjectaltname).toContain('DNS:wide.example')
  const name = '_acme-challenge.wide.example'
  await expect.poll(asked).toHaveLength(2)
  expect(asked()[0]).toMatch(new RegExp(`^wide present ${name}\\. [\\w-]{43}$`))
  expect(asked()[1]).toBe(asked()[0]?.replace('present', 'cleanup'))
  expect(await authority.txt(name)).toEqual([])

  const before = (await served('any.wide.example'))?.fingerprint256
  expect(await paas.ok('letsencrypt:auto-renew wide --force')).toContain('renewed')
  expect((await served('any.wide.example'))?.fingerprint256).not.toBe(before)
  expect(asked()).toHaveLength(4)
  expect(asked()[2]).not.toBe(asked()[0])
  expect(await authority.txt(name)).toEqual([])
})

test('a hook that fails is said, also what it has made is taken away, and the certificate stays', async () => {
  const before = (await served('any.wide.example'))?.fingerprint256
  expect(before).toBeDefined()
  writeHook('[ $1 = cleanup ] || { echo no such zone >&2; exit 3; }')
  const refused = await paas.ssh('letsencrypt:auto-renew wide --force')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain(
    "The server's hook dns-challenge/10-zone failed (exit code 3): no such zone",
  )
  expect(refused.stderr).toContain(`${hook()} present _acme-challenge.wide.example. `)
  expect(
    asked()
      .slice(-2)
      .map((line) => line.split(' ')[1]),
  ).toEqual(['present', 'cleanup'])

  // What says that it wrote and did not is found out by the authority.
  writeHook('exit 0')
  const unproved = await paas.ssh('letsencrypt:auto-renew wide --force')
  expect(unproved.stderr).toMatch(/authority refused: .*\n.*Of wildcards it asks DNS .*: \*\.wide\.example/s)
  expect((await served('any.wide.example'))?.fingerprint256).toBe(before)
})

test('who goes away while a hook runs ends it, and its record is taken away', async () => {
  const pidFile = join(paas.folder, 'hook-pid')
  writeHook(`[ $1 = cleanup ] || { echo $$ > ${pidFile}; exec sleep 600; }`)
  const count = asked().length
  const line = 'letsencrypt:auto-renew wide --force'
  const client = execa('ssh', ['-F', paas.sshConfig, 'paas', '--', line], { reject: false, stdin: 'ignore' })
  await until('the hook runs', async () => existsSync(pidFile))
  client.kill()
  await client
  await until('the record is taken away', async () => asked().length === count + 2)
  expect(asked().at(-1)).toContain(' cleanup ')
  expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)).toBe(false)
})
