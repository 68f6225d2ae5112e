import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type HttpDoor, openHttpDoor } from '../../server/api/http-door.ts'
import type { Command } from '../../server/command.ts'
import { dispatch } from '../../server/dispatch.ts'
import type { Paas } from '../../server/paas.ts'
import { loadRegistry, type Registry } from '../../server/registry.ts'
import { Store } from '../../server/state/store.ts'
import type { TokenRole } from '../../server/state/tokens.ts'
import { addPeopleWithRoles, needs, type Person, people, sees } from '../people-with-roles.ts'
import { begin, type Call, type Called, call, closed } from './call.ts'

// The real door and dispatcher in this process, on a real store; only what commands do is replaced.
let folder: string
let store: Store
let registry: Registry
let door: HttpDoor
const logged: string[] = []
const ran: { readonly name: string; readonly words: readonly string[]; readonly input: string }[] = []
/** Why commands could not read to the end. */
const broken: string[] = []
const events = { begin: () => 1, end: () => {}, refuse: () => {} }
let tokens: Readonly<Record<Person, string>>

const limits = { jsonBytes: 1024 * 1024, jsonMs: 400, silenceMs: 1_000 }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paas-http-door-'))
  store = new Store(folder)
  addPeopleWithRoles(store)
  const real = await loadRegistry()
  const harmless = (name: string, command: Command): Command => ({
    ...command,
    run: async (call) => {
      const input = await buffer(call.stdin).then(
        (bytes) => bytes.toString('latin1'),
        (error: Error) => {
          broken.push(error.message)
          throw error
        },
      )
      ran.push({ name, words: call.words, input })
      if (input === 'wait') await once(call.signal, 'abort')
      if (input === 'fail') throw new Error('a bug of ours, with a secret path')
      if (call.flags.has('tail')) return await follow(call)
      call.out.result({ words: call.words }, () => {})
    },
  })
  registry = {
    commands: real.commands,
    find: (word) => {
      const { name, command } = real.find(word)
      return { name, command: harmless(name, command) }
    },
  }
  const paas = {
    store,
    log: (line: string) => logged.push(line),
    settings: { home: folder, domain: 'localhost' },
    events,
  } as unknown as Paas
  door = await openHttpDoor({
    host: '127.0.0.1',
    port: 0,
    paas,
    registry,
    run: (session) => dispatch(paas, registry, session),
    bodyLimits: limits,
    limits: { headersMs: 1_000, loginGraceMs: 4_000, unauthenticated: 40, unauthenticatedPerAddress: 20 },
  })
  tokens = Object.fromEntries(
    people.map((name) => [name, tokenOf(name, name === 'server-admin' ? 'server' : 'admin')]),
  ) as Record<Person, string>
})
afterAll(async () => {
  await door?.[Symbol.asyncDispose]()
  store?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  ran.length = 0
  broken.length = 0
})

let written = 0
let following = 0
/** Writes for as long as somebody reads. */
async function follow({ session, signal }: Parameters<Command['run']>[0]): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  following++
  try {
    for (;;) {
      signal.throwIfAborted()
      if (!session.stdout.write(chunk)) await once(session.stdout, 'drain', { signal })
      written += chunk.length
    }
  } finally {
    following--
  }
}

function tokenOf(person: Person, role: TokenRole, expiresAt: string | null = null): string {
  const userId = store.people.userByName(person)?.id ?? ''
  const name = `${person}-${role}-${expiresAt}`
  return store.tokens.create({ userId, name, role, apps: 'every', madeWith: null, expiresAt }).secret
}

const ask = (path: string, options: Call = {}): Promise<Called> =>
  call(door.port, path, { token: tokens['server-admin'], ...options })

const commands = [...(await loadRegistry()).commands]

test.each(commands)('%s runs over HTTP for whom it declares and for nobody else', async (name, command) => {
  const words = (command.arguments ?? []).flatMap(({ required }) => (required ? ['x'] : []))
  for (const person of people)
    for (const app of command.app === 'none' ? [undefined] : ['own', 'foreign', 'absent']) {
      const { status, json } = await ask(`/v1/commands/${name}`, {
        token: tokens[person],
        body: { ...(app ? { app } : {}), arguments: words },
      })
      const may = !command.keyOnly && needs[command.right].includes(person)
      const expected = app !== undefined && !sees(person, app) ? 404 : may ? 200 : 403
      expect(status, `${person} on ${app}: ${JSON.stringify(json)}`).toBe(expected)
      if (expected === 200) expect(json).toEqual({ words })
    }
})

test('a foreign app is told in the words of one that is not there', async () => {
  for (const [name, command] of commands) {
    if (command.app === 'none') continue
    const asked = (app: string) =>
      ask(`/v1/commands/${name}`, { token: tokens.developer, body: { app, arguments: [] } })
    const [foreign, absent] = [await asked('foreign'), await asked('absent')]
    expect(foreign.text.replaceAll('foreign', 'absent'), name).toBe(absent.text)
    expect(foreign.headers['content-length']).toBe(String(Number(absent.headers['content-length']) + 1))
  }
})

test('no token, a wrong one, one that has ended and one that was revoked are answered alike', async () => {
  const good = tokens['server-admin']
  const ended = tokenOf('server-admin', 'server', new Date(Date.now() - 1).toISOString())
  const revoked = tokenOf('server-admin', 'viewer')
  store.tokens.revoke(revoked.split('_')[1] ?? '')
  const headers: readonly Record<string, string | string[]>[] = [
    {},
    ...[ended, revoked, `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`, '', 'null'].map((token) => ({
      authorization: `Bearer ${token}`,
    })),
    { authorization: good },
    { authorization: `Basic ${Buffer.from(`x:${good}`).toString('base64')}` },
    { authorization: `Bearer ${good} ${good}` },
    { cookie: `token=${good}; authorization=Bearer ${good}` },
    { 'x-api-key': good, 'proxy-authorization': `Bearer ${good}` },
  ]
  const paths = ['/', '/v1/openapi.json', '/v1/commands/apps', '/v1/commands/nothing', '/../x', '/%00']
  const shapes = new Set<string>()
  for (const path of paths)
    for (const each of headers) {
      const { status, text: said, headers: answered } = await call(door.port, path, { headers: each })
      const { date: _, ...rest } = answered
      shapes.add(JSON.stringify({ status, said, rest }))
    }
  expect([...shapes]).toHaveLength(1)
  expect([...shapes][0]).toContain('"status":401')
  expect([...shapes][0]).toContain('"www-authenticate":"Bearer"')
  expect(ran).toEqual([])
})

test('a token in the address is refused, and so are two that are shown at once', async () => {
  const good = tokens['server-admin']
  expect((await call(door.port, `/v1/commands/apps?token=${good}`)).status).toBe(401)
  const both = await ask(`/v1/commands/apps?access_token=${good}`)
  expect(both).toMatchObject({ status: 400, json: { error: { message: /does not belong into an address/ } } })
  const raw = await speak(
    `GET /v1/commands/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${good}\r\nAuthorization: Bearer ${good}\r\nConnection: close\r\n\r\n`,
  )
  expect(raw).toMatch(/^HTTP\/1\.1 401 /)
  expect(ran).toEqual([])
})

test('no answer has a cookie, and none may be read by a page of another origin', async () => {
  for (const path of ['/v1/commands/apps', '/v1/openapi.json', '/nothing']) {
    const { headers } = await ask(path, { headers: { origin: 'https://evil.example' } })
    expect(headers, path).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    expect(Object.keys(headers).filter((name) => /cookie|access-control/.test(name))).toEqual([])
  }
  const preflight = await call(door.port, '/v1/commands/apps', {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(401)
  expect(Object.keys(preflight.headers).filter((name) => /access-control/.test(name))).toEqual([])
})

test('only GET and POST are spoken, and GET changes nothing', async () => {
  for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
    expect((await ask('/v1/commands/apps:destroy?app=own&force', { method })).status, method).toBe(405)
  expect((await ask('/v1/commands/apps:destroy?app=own&force')).status).toBe(405)
  expect((await ask('/v1/commands/apps')).status).toBe(200)
  expect(ran.map(({ name }) => name)).toEqual(['apps'])
})

test.each([
  ['an unknown key', '{"app":"own","user":"server-admin"}'],
  ['a key that is a prototype', '{"app":"own","__proto__":{"app":"foreign"}}'],
  ['a flag that is a prototype', '{"app":"own","flags":{"__proto__":{"force":true}}}'],
  ['a flag of every object', '{"app":"own","flags":{"constructor":"x"}}'],
  ['a flag for people', '{"app":"own","flags":{"help":true}}'],
  ['another app in a flag', '{"app":"own","flags":{"app":"foreign"}}'],
  ['an option in a flag', '{"app":"own","flags":{"num=1 --app":"foreign"}}'],
  ['a flag that is no text', '{"app":"own","flags":{"num":{"toString":"1"}}}'],
  ['a switch that is text', '{"app":"own","flags":{"tail":"yes"}}'],
  ['an app that is a list', '{"app":["own"]}'],
  ['arguments that are text', '{"app":"own","arguments":"x"}'],
  ['an argument that is a number', '{"app":"own","arguments":[1]}'],
  ['a NUL', '{"app":"own","arguments":["a\\u0000b"]}'],
  ['half a character', '{"app":"own","arguments":["\\ud800"]}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no JSON', '{"app":'],
  ['a depth that overflows', '['.repeat(500_000)],
  ['bytes that are no text', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
] as const)('%s in a call is refused', async (_, body) => {
  const answer = await ask('/v1/commands/logs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(answer, answer.text).toMatchObject({ status: 400, json: { exitCode: 64 } })
  expect(ran).toEqual([])
  expect(Object.hasOwn(Object.prototype, 'force')).toBe(false)
})

test('an argument stays an argument, whatever it looks like', async () => {
  const words = ['--app=foreign', '--force', '-a', 'foreign', '--', '$(id)', "'", '\n', 'a b']
  const { json } = await ask('/v1/commands/run', { body: { app: 'own', arguments: words } })
  expect(json).toEqual({ words })
  const query = new URLSearchParams([
    ['app', 'own'],
    ...words.map((word): [string, string] => ['argument', word]),
  ])
  expect((await ask(`/v1/commands/run?${query}`, { method: 'POST' })).json).toEqual({ words })
  const value = await ask('/v1/commands/run', {
    body: { app: 'own', arguments: ['x'], flags: { env: ['A=--app=foreign', 'B=\n'] } },
  })
  expect(value.status).toBe(200)
})

test('a query that the command does not take is refused', async () => {
  for (const query of ['user=x', 'plan=maybe', 'app=own&app=foreign', 'json', '__proto__=x', 'app=%00'])
    expect((await ask(`/v1/commands/config:set?${query}`, { method: 'POST' })).status, query).toBe(400)
  const both = await ask('/v1/commands/config:set?app=own', { body: { arguments: ['A=b'] } })
  expect(both.status).toBe(400)
  expect((await ask('/v1/commands/apps?app=own')).status).toBe(400)
  expect(ran).toEqual([])
})

test('a body of another type is refused before it is read: a web page could send it', async () => {
  const body = '{"app":"own"}'
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined]) {
    const headers = type === undefined ? {} : { 'content-type': type }
    const answer = await ask('/v1/commands/config:import', { method: 'POST', headers, body })
    expect(answer.status, type).toBe(415)
  }
  const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  expect((await ask('/v1/commands/config:import', { headers: packed, body: 'x' })).status).toBe(415)
  expect(ran).toEqual([])
})

test('what a command reads comes byte for byte, as the body or in the call', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256))
  await ask('/v1/commands/certs:add?app=own', {
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  })
  expect(ran[0]?.input).toBe(bytes.toString('latin1'))
  await ask('/v1/commands/certs:add', { body: { app: 'own', stdin: 'text' } })
  expect(ran[1]?.input).toBe('text')
  await ask('/v1/commands/certs:add?app=own', { method: 'POST' })
  expect(ran[2]?.input).toBe('')
})

test('a JSON body that is too long or too slow is not waited for', async () => {
  const large = JSON.stringify({ app: 'own', arguments: ['x'.repeat(limits.jsonBytes)] })
  const headers = { 'content-type': 'application/json' }
  const path = '/v1/commands/run'
  expect((await ask(path, { method: 'POST', headers, body: large })).status).toBe(413)
  const chunked = Readable.from([large.slice(0, 600_000), large.slice(600_000)])
  expect((await ask(path, { method: 'POST', headers, body: chunked })).status).toBe(413)
  const slow = await speak(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens['server-admin']}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"app"`,
  )
  expect(slow).toMatch(/^HTTP\/1\.1 408 /)
  expect(ran).toEqual([])
})

test('who falls silent in a body, or goes, has sent no whole one', async () => {
  const head = `POST /v1/commands/certs:add?app=own HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens['server-admin']}\r\nContent-Type: application/octet-stream\r\n`
  const silent = await speak(`${head}Content-Length: 100\r\n\r\nabc`)
  expect(silent).toMatch(/^HTTP\/1\.1 422 /)
  expect(silent).toContain('Nothing more of the body came')
  const gone = connect(door.port, '127.0.0.1')
  gone.write(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`)
  gone.destroySoon()
  await once(gone, 'close')
  await expect.poll(() => broken.slice(1)).toEqual(['The client has gone'])
  expect(ran).toEqual([])
})

test('a client is not told to send its body before it has shown a token', async () => {
  const head = (token: string): string =>
    `POST /v1/commands/certs:add?app=own HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`
  expect(await speak(head('none'))).toMatch(/^HTTP\/1\.1 401 /)
  const socket = connect(door.port, '127.0.0.1')
  socket.write(head(tokens['server-admin']))
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(first.toString()).toMatch(/^HTTP\/1\.1 100 Continue/)
  socket.write('abc')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
  expect(ran[0]?.input).toBe('abc')
})

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH_9\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a header over lines', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n', 400],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['headers that do not come', 'GET / HTTP/1.1\r\nHost: x\r\n', 408],
] as const)('%s is answered by one line and the end of the connection', async (_, said, status) => {
  expect(await speak(said)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(ran).toEqual([])
})

test('an upgrade, a tunnel and a request for another server lead nowhere', async () => {
  const token = tokens['server-admin']
  const upgrade = await speak(
    `GET /v1/commands/apps HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
  )
  expect(upgrade).toMatch(/^HTTP\/1\.1 401 /)
  expect(await speak('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
  const absolute = await speak(
    `GET http://127.0.0.1:22/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  expect(absolute).toMatch(/^HTTP\/1\.1 404 /)
})

test('connections that show no token end in time, and a token comes through meanwhile', async () => {
  const silent = Array.from({ length: 100 }, () => opened())
  expect((await ask('/v1/commands/apps')).status).toBe(200)
  await Promise.all(silent.map((socket) => gone(socket)))
  const refused = opened()
  const again = (): void => {
    refused.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  // An answer does not make it known.
  refused.on('data', again)
  again()
  await gone(refused)
})

test('a word longer than any program takes is refused, and what a command reads is not', async () => {
  const long = 'x'.repeat(129 * 1024)
  const answer = await ask('/v1/commands/run', { body: { app: 'own', arguments: [long] } })
  expect(answer).toMatchObject({ status: 400, json: { error: { message: /more than 128 KiB/ } } })
  await ask('/v1/commands/certs:add', { body: { app: 'own', stdin: long } })
  expect(ran.map(({ input }) => input.length)).toEqual([long.length])
})

test('a slow reader holds up its own command alone, and one that goes ends it', async () => {
  written = 0
  const slow = await begin(door.port, '/v1/commands/logs?app=own&tail', { token: tokens['server-admin'] })
  slow.pause()
  let before = -1
  // Nothing more is written once all buffers on the way are full.
  while (before !== written) {
    before = written
    for (let asked = 0; asked < 20; asked++) expect((await ask('/v1/commands/apps')).status).toBe(200)
  }
  expect(written).toBeLessThan(64 * 1024 * 1024)
  slow.destroy()
  await expect.poll(() => following).toBe(0)
})

test('one token has its share of requests at a time, and others have theirs', async () => {
  const token = tokenOf('viewer', 'viewer')
  const open = await Promise.all(
    Array.from({ length: 32 }, () => begin(door.port, '/v1/commands/logs?app=own&tail', { token })),
  )
  expect((await ask('/v1/commands/apps', { token })).status).toBe(429)
  expect((await ask('/v1/commands/apps')).status).toBe(200)
  for (const each of open) each.destroy()
  await expect.poll(async () => (await ask('/v1/commands/apps', { token })).status).toBe(200)
})

test('who goes before there is an answer leaves nothing behind', async () => {
  const token = tokenOf('app-admin', 'developer')
  const body = JSON.stringify({ app: 'own', stdin: 'wait' })
  const head = `POST /v1/commands/certs:add HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  const left = Array.from({ length: 32 }, () => {
    const socket = opened()
    socket.write(head + body)
    return socket
  })
  await expect.poll(() => ran.length, { timeout: 10_000 }).toBe(32)
  expect((await ask('/v1/commands/apps', { token })).status).toBe(429)
  for (const socket of left) socket.destroy()
  await expect.poll(async () => (await ask('/v1/commands/apps', { token })).status).toBe(200)
})

test('what a token runs is ended when that is asked for, and what others run is not', async () => {
  const token = tokenOf('app-admin', 'viewer')
  const path = '/v1/commands/logs?app=own&tail'
  const [one, other] = [
    await begin(door.port, path, { token }),
    await begin(door.port, path, { token: tokens.viewer }),
  ]
  one.resume()
  other.resume()
  await door.endSessionsOf(`token:${token.split('_')[1]}`)
  await closed(one)
  expect(other.closed).toBe(false)
  other.destroy()
})

test('a bug of ours is told by a reference, and the log has the rest', async () => {
  const answer = await ask('/v1/commands/certs:add', { body: { app: 'own', stdin: 'fail' } })
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('secret path')
  const reference = /Internal error \((\w+)\)/.exec(answer.text)?.[1] ?? 'none'
  expect(logged.join('\n')).toContain(
    `Internal error (${reference}): Error: a bug of ours, with a secret path`,
  )
})

test('a token that ends while its request runs ends that', async () => {
  const token = tokenOf('viewer', 'viewer', new Date(Date.now() + 1_500).toISOString())
  const response = await begin(door.port, '/v1/commands/logs?app=own&tail', { token })
  response.resume()
  await closed(response)
  expect(response.complete).toBe(false)
  expect((await ask('/v1/commands/apps', { token })).status).toBe(401)
})

const opened = (): Socket =>
  connect(door.port, '127.0.0.1')
    .on('error', () => {})
    .resume()

async function gone(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** Says `words` on a connection of its own; resolves with all that comes back until the server ends it. */
async function speak(words: string): Promise<string> {
  const socket: Socket = connect(door.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(words)
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}
