import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../../server/tls/self-signed.ts'
import { processApp } from '../apps/processes.ts'
import { startInstance, type TestInstance, uniqueName, until } from '../instance.ts'
import { httpsReceiver, syslogReceiver } from '../log-receiver.ts'
import { addPerson } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'

let paas: TestInstance
let repository: Repository
/** What the receivers of drains show, and the server trusts. */
let identity: Awaited<ReturnType<typeof selfSigned>>
const trusted = join(tmpdir(), `${uniqueName('paas-trusted')}.pem`)
beforeAll(async () => {
  identity = await selfSigned(['localhost'], 10)
  writeFileSync(trusted, identity.chain)
  paas = await startInstance({ NODE_EXTRA_CA_CERTS: trusted })
  repository = await makeRepository(processApp('first'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('scale blog worker=1')
})
afterAll(async () => {
  rmSync(trusted, { force: true })
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)

test('each line is time, source and text', async () => {
  await until('both have written', async () => /worker\.1/.test(await paas.ok('logs blog')))
  for (const line of linesOf(await paas.ok('logs blog -s app')))
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z app\[(web|worker)\.1\]: (web|worker) v1 \d+$/,
    )
})

test('-n limits, -p and -s choose, --json says the same', async () => {
  expect(linesOf(await paas.ok('logs blog -n 3'))).toHaveLength(3)
  expect(await paas.ok('logs blog -n 0')).toBe('')
  const workers = linesOf(await paas.ok('logs blog -p worker'))
  expect(workers.length).toBeGreaterThan(0)
  expect(workers.every((line) => line.includes('app[worker.1]'))).toBe(true)
  expect(linesOf(await paas.ok('logs blog -p worker.2'))).toEqual([])
  const entries = JSON.parse(await paas.ok('logs blog -n 2 -p web --json'))
  expect(entries).toHaveLength(2)
  expect(entries[0]).toMatchObject({ source: 'app[web.1]', text: expect.stringMatching(/^web v1 \d+$/) })
  for (const line of [
    'logs blog -n x',
    'logs blog -s nothing',
    'logs blog --since never',
    'logs blog --release x',
  ])
    expect((await paas.ssh(line)).exitCode, line).toBe(64)
})

test('requests are lines of the router', async () => {
  await paas.get('blog.localhost', '/index.html?a=1')
  await until('the request is in the log', async () =>
    (await paas.ok('logs blog -s router')).includes('path="/index.html?a=1"'),
  )
  const [line = ''] = linesOf(await paas.ok('logs blog -s router -n 1'))
  expect(line).toMatch(
    /Z app\[router\]: at=info method=GET path=".*" host=blog.localhost .*dyno=web\.1 .*status=200/,
  )
})

test('--since and --release choose by time and release', async () => {
  const at = linesOf(await paas.ok('logs blog -n 5 -p web'))[0]?.split(' ')[0] ?? ''
  const since = linesOf(await paas.ok(`logs blog -n 1000 -p web --since ${at}`))
  expect(since.length).toBeGreaterThan(0)
  expect(since.every((line) => line >= at.slice(0, 23))).toBe(true)
  expect(linesOf(await paas.ok('logs blog --since 10m'))).not.toEqual([])
  expect(linesOf(await paas.ok('logs blog --release v1'))).not.toEqual([])
  expect(linesOf(await paas.ok('logs blog --release v9'))).toEqual([])
})

test('-t follows through a redeploy and a crash without a gap or a repeat', async () => {
  const following = execa('ssh', ['-F', paas.sshConfig, 'paas', 'logs', 'blog', '-t', '-n', '5'], {
    reject: false,
    buffer: false,
  })
  let text = ''
  following.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await until('the first lines are there', async () => linesOf(text).length >= 5)
  await repository.commit(processApp('second'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  const count = (pattern: RegExp): number => [...text.matchAll(pattern)].length
  await until('the new release is followed', async () => count(/web v2 \d+$/gm) > 3)
  await paas.ok('ps:kill blog worker.1')
  await until('the killed process is followed again', async () => count(/worker v2 1$/gm) === 2)
  await paas.get('blog.localhost', '/while-following')
  await until('the router is followed', async () => text.includes('/while-following'))
  following.kill('SIGTERM')
  await following

  const lines = linesOf(text.slice(0, text.lastIndexOf('\n')))
  expect(new Set(lines).size).toBe(lines.length)
  for (const source of ['web v1', 'web v2', 'worker v1', 'worker v2']) {
    const numbers = lines.flatMap((line) =>
      line.includes(`: ${source} `) ? Number(line.split(' ').at(-1)) : [],
    )
    expect(numbers.length, source).toBeGreaterThan(0)
    // Each run counts from 1; the first that is seen may begin later.
    numbers.forEach((number, index) => {
      if (index > 0 && number !== 1) expect(number, source).toBe((numbers[index - 1] ?? 0) + 1)
    })
  }
})

type Drains = { drains: { id: string; url: string; waiting: number; missed: number; error: string | null }[] }
const drains = async (): Promise<Drains['drains']> =>
  (JSON.parse(await paas.ok('drains blog --json')) as Drains).drains

/** The numbers that the worker has counted, in the order in which they came. */
const counted = (messages: readonly string[]): number[] =>
  messages.flatMap((message) => {
    const [, number] = /^<14>1 \S+ localhost blog worker\.1 - - worker v2 (\d+)$/.exec(message) ?? []
    return number === undefined ? [] : Number(number)
  })

test('drains send the lines on, as syslog over TCP and TLS', async () => {
  await using tcp = await syslogReceiver()
  await using tls = await syslogReceiver(identity)
  const urls = [`syslog://127.0.0.1:${tcp.port}`, `syslog+tls://localhost:${tls.port}`]
  const planned = await paas.ok(`drains:add blog ${urls[0]} --private --plan`)
  expect(planned).toContain(`log drain: + ${urls[0]}`)
  expect(await drains()).toEqual([])
  for (const url of urls) expect(await paas.ok(`drains:add blog ${url} --private`)).toContain(url)
  expect((await drains()).map(({ url }) => url)).toEqual(urls)
  await paas.get('blog.localhost', '/for-the-drains')
  for (const { messages } of [tcp, tls]) {
    await until('the processes are there', async () => counted(messages).length > 5)
    await until('the router is there', async () =>
      messages.some((message) => / router - - .*for-the-drains/.test(message)),
    )
    const numbers = counted(messages)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  }
  const [first] = await drains()
  await paas.ok(`drains:remove blog ${first?.id}`)
  await paas.ok(`drains:remove blog ${urls[1]}`)
  expect(JSON.parse(await paas.ok('drains:list blog --json'))).toEqual({ app: 'blog', drains: [] })
})

test('while a drain is down its lines wait, and come without a gap or a repeat once it is back', async () => {
  await using receiver = await httpsReceiver(identity)
  const { id } = JSON.parse(
    await paas.ok(`drains:add blog https://user:secret@localhost:${receiver.port}/in --private --json`),
  ) as { id: string }
  await until('it takes lines', async () => counted(receiver.messages).length > 0)
  receiver.answer(503)
  await until('lines wait', async () => ((await drains())[0]?.waiting ?? 0) > 10)
  expect((await drains())[0]).toMatchObject({ error: 'it answers 503', missed: 0 })
  expect(await paas.ok('drains blog')).toContain('it answers 503')
  expect(await paas.ok('drains blog')).not.toContain('secret')
  expect((await paas.ssh('doctor')).stdout).toMatch(/^Log drains +FAILS +1 of 1 fail; .*it answers 503$/m)
  expect((await paas.ssh('why blog')).stdout).toMatch(/log drain \w+ \(https:.*takes nothing: it answers 503/)
  const before = counted(receiver.messages).length
  receiver.answer(200)
  await until('they have come', async () => counted(receiver.messages).length > before + 10)
  const numbers = counted(receiver.messages)
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))

  // A killed server may repeat what it had sent last, and leaves nothing out.
  const last = numbers.at(-1) ?? 0
  await paas.kill('server')
  await until('it goes on', async () => (counted(receiver.messages).at(-1) ?? 0) > last + 10)
  const all = [...new Set(counted(receiver.messages))]
  expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index))
  await until('the server is back', async () => (await paas.ssh('version')).exitCode === 0)
  await paas.ok(`drains:remove blog ${id}`)
})

test('a drain of every app takes the lines of all of them, also of an app that comes later', async () => {
  await using receiver = await syslogReceiver()
  const url = `syslog://127.0.0.1:${receiver.port}`
  expect(await paas.ok(`drains:add --global ${url} --private --plan`)).toContain(`log drain: + ${url}`)
  const { id } = JSON.parse(await paas.ok(`drains:add --global ${url} --private --json`)) as { id: string }
  expect((await paas.ssh(`drains:add --global ${url} --private`)).stderr).toContain('already')
  expect(await drains()).toEqual([])
  expect(JSON.parse(await paas.ok('drains --global --json'))).toMatchObject({
    app: null,
    drains: [{ id, url }],
  })
  await paas.ok('apps:clone blog shop')
  const { messages } = receiver
  const from = (app: string, process: string): boolean =>
    messages.some((message) => message.includes(` localhost ${app} ${process} - - `))
  await until('both apps are there', async () => from('blog', 'worker.1') && from('shop', 'web.1'))
  await paas.get('shop.localhost', '/for-the-drain')
  await until('the router is there', async () =>
    messages.some((message) => / shop router - - .*for-the-drain/.test(message)),
  )
  const before = counted(messages).at(-1) ?? 0
  await paas.kill('server')
  await until('it goes on', async () => (counted(messages).at(-1) ?? 0) > before + 10)
  const all = [...new Set(counted(messages))]
  expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index))
  await until('the server is back', async () => (await paas.ssh('version')).exitCode === 0)
  const bob = await addPerson(paas, 'bob')
  await paas.ok('access:add blog bob')
  for (const line of ['drains --global', `drains:remove --global ${id}`, `drains:add --global ${url}`])
    expect((await bob.ssh(line)).exitCode, line).toBe(77)
  await paas.ok(`drains:remove --global ${id}`)
  expect(JSON.parse(await paas.ok('drains --global --json'))).toEqual({ app: null, drains: [] })
  await paas.ok('destroy shop --force')
})

test('a drain that may not be, or is none, is refused', async () => {
  for (const url of ['http://localhost/in', 'file:///etc/passwd', 'syslog://u:p@localhost:1', 'nonsense:'])
    expect((await paas.ssh(`drains:add blog ${url}`)).exitCode, url).toBe(64)
  for (const url of ['syslog://127.0.0.1:1', 'https://[::ffff:127.0.0.1]/', 'https://169.254.169.254/'])
    expect((await paas.ssh(`drains:add blog ${url}`)).stderr, url).toContain('private network')
  const ann = await addPerson(paas, 'ann')
  await paas.ok('access:add blog ann')
  expect((await ann.ssh('drains:add blog syslog://127.0.0.1:1 --private')).exitCode).toBe(77)
  expect((await paas.ssh('drains:remove blog nothing')).exitCode).toBe(1)
  for (const port of [1, 2, 3, 4, 5]) await paas.ok(`drains:add blog syslog://127.0.0.1:${port} --private`)
  expect((await paas.ssh('drains:add blog syslog://127.0.0.1:1 --private')).stderr).toContain('already')
  expect((await paas.ssh('drains:add blog syslog://127.0.0.1:6 --private')).stderr).toContain('5 drains')
  await until('it says why it fails', async () => (await drains()).every(({ error }) => error !== null))
  for (const { id } of await drains()) await paas.ok(`drains:remove blog ${id}`)
})

test('control characters do no harm', async () => {
  await repository.commit({
    tick: `printf 'title \\033]0;owned\\007 bell \\007 back \\b cr \\r c1 \\302\\2332J end\\n'\nsleep 600\n`,
  })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  let log = ''
  await until('the line is there', async () => {
    log = await paas.ok('logs blog -p web --release v3')
    return log.includes('title')
  })
  expect(log).toMatch(/title {2}bell {2}back {2}cr {2}c1 {2}end/)
  expect(log).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})
