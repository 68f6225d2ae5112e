import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  BaseAgent,
  Client,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
  utils,
} from 'ssh2'
import { expect, test } from 'vitest'
import type { Session } from '../../server/ssh/session.ts'
import { attackFactor } from '../figure.ts'
import { execute } from './execute.ts'
import { openTestDoor, type TestDoor, type TestPerson } from './open-test-door.ts'

test('none of many forged signatures opens the door', { timeout: 60_000 * attackFactor }, async ({
  task,
}) => {
  let sessions = 0
  await using bench = await openTestDoor(async () => {
    sessions += 1
    return 0
  })
  const victims = await Promise.all(
    ['ed25519', 'ecdsa', 'rsa'].map(async (type) => parsed(await bench.person(`victim-${type}`, { type }))),
  )
  const own = parsed(await bench.person('mallory', { stranger: true }))
  const forgeries: ((data: Buffer) => Buffer)[] = [
    () => Buffer.alloc(0),
    () => Buffer.alloc(64),
    () => randomBytes(64),
    () => randomBytes(256),
    () => randomBytes(8),
    (data) => own.sign(data),
    () => Buffer.from('3006020101020101', 'hex'),
  ]
  let forged = 0
  // A forgery that is malformed ends its connection, and the tries left in it are not made.
  await inParallel(260 * attackFactor, 10, async (index) => {
    // Six tries a connection, one of which is "none".
    const agent = new ForgingAgent(
      Array.from({ length: 5 }, (_, each) => victims[(index + each) % 3] as ParsedKey),
      (_key, data) => {
        forged += 1
        return (forgeries[(forged + index) % forgeries.length] as (data: Buffer) => Buffer)(data)
      },
    )
    expect(await login(bench, agent, 'paas')).toBe(false)
  })
  task.meta.figure = { measured: `${sessions} of ${forged} opened it` }
  expect(forged).toBeGreaterThanOrEqual(500 * attackFactor)
  expect(sessions).toBe(0)
  expect(bench.events.filter(({ event }) => event === 'accepted')).toEqual([])
  expect((await bench.ssh(await bench.person('ada'), ['x'])).code).toBe(0)
})

test('identity comes from the key that signed, in all orders of 3 keys for 3 user names', {
  timeout: 60_000,
}, async ({ task }) => {
  const seen: Session[] = []
  await using bench = await openTestDoor(async (session) => {
    seen.push(session)
    return 0
  })
  const people = [await bench.person('ada'), await bench.person('bob'), await bench.person('eve')]
  const cases = permutations(people).flatMap((order) =>
    people.flatMap((signer) => people.map((named) => ({ order, signer, named }))),
  )
  expect(cases).toHaveLength(54)
  await inParallel(cases.length, 6, async (index) => {
    const { order, signer, named } = cases[index] as (typeof cases)[number]
    const key = parsed(signer)
    const agent = new ForgingAgent(order.map(parsed), (asked, data) =>
      asked.getPublicSSH().equals(key.getPublicSSH()) ? key.sign(data) : new Error('not mine'),
    )
    const user = `${named.name}-${index}`
    expect(await login(bench, agent, user)).toBe(true)
    const session = seen.find(({ sshUser }) => sshUser === user)
    expect(session?.person.name).toBe(signer.name)
  })
  task.meta.figure = { measured: `0 confusions in ${cases.length} orders` }
  // Another's key named, one's own key signing.
  for (const [victim, mallory] of pairs(people)) {
    const agent = new ForgingAgent([parsed(victim)], (_key, data) => parsed(mallory).sign(data))
    expect(await login(bench, agent, victim.name)).toBe(false)
  }
})

test("a stranger's key, a SHA-1 signature, a password and a short RSA key are refused", async () => {
  await using bench = await openTestDoor(async () => 0)
  const stranger = await bench.person('mallory', { stranger: true })
  expect((await bench.ssh(stranger, ['x'])).code).toBe(255)
  const ada = await bench.person('ada', { type: 'rsa' })
  expect((await bench.ssh(ada, ['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa', 'x'])).code).toBe(255)
  expect((await bench.ssh(ada, ['-o', 'PubkeyAcceptedAlgorithms=rsa-sha2-256', 'x'])).code).toBe(0)
  expect(await login(bench, undefined, 'paas')).toBe(false)
})

test('a client that tries too many keys is cut off', async () => {
  await using bench = await openTestDoor(async () => 0)
  const strangers = await Promise.all(
    Array.from({ length: 9 }, (_, index) => bench.person(`stranger${index}`, { stranger: true })),
  )
  const ada = await bench.person('ada')
  const keys = strangers.flatMap(({ keyFile }) => ['-i', keyFile])
  const outcome = await execute('ssh', [...keys, ...bench.sshArguments(ada.keyFile), 'paas@127.0.0.1', 'x'])
  expect(outcome.code).toBe(255)
  expect(new Set(bench.offered).size).toBeLessThanOrEqual(6)
  expect(bench.events).toContainEqual(expect.objectContaining({ event: 'refused', reason: 'too many tries' }))
})

test('compression, old key exchanges and weak ciphers are not offered', async () => {
  await using bench = await openTestDoor(async () => 0)
  const ada = await bench.person('ada')
  const verbose = await bench.ssh(ada, ['-C', '-vv', '-o', 'LogLevel=DEBUG2', 'x'])
  expect(verbose.code).toBe(0)
  const offer = verbose.stderr.slice(verbose.stderr.indexOf('peer server KEXINIT proposal'))
  expect(offer).toMatch(
    /KEX algorithms: curve25519-sha256,curve25519-sha256@libssh.org,kex-strict-s-v00@openssh.com\r?\n/,
  )
  expect(offer).toMatch(/host key algorithms: ssh-ed25519\r?\n/)
  expect(offer).toMatch(/compression ctos: none\r?\n/)
  expect(offer).not.toMatch(/chacha20[^\n]*\n.*ciphers stoc|cbc|hmac-sha1|hmac-md5/)
  for (const option of [
    'KexAlgorithms=diffie-hellman-group14-sha256',
    'Ciphers=chacha20-poly1305@openssh.com',
  ]) {
    expect((await bench.ssh(ada, ['-v', '-o', option, 'x'])).stderr).toContain('no match')
  }
})

test('silent connections do not keep a real login out, and are closed when their time is over', async ({
  task,
}) => {
  await using bench = await openTestDoor(async () => 4, { loginGraceMs: 1000 })
  const count = attackFactor > 1 ? 2_000 : 300
  const ada = await bench.person('ada')
  const closed: Promise<void>[] = []
  // More at once than the kernel queues for the listener (511) would wait for it, and not for the server.
  while (closed.length < count) {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => rawConnection(bench)))
    closed.push(...sockets.map(closedOf))
  }
  const open = performance.now()
  expect((await bench.ssh(ada, ['x'])).code).toBe(4)
  const loginMs = performance.now() - open
  // Greeted, but silent from then on.
  const greeted = await rawConnection(bench)
  greeted.write('SSH-2.0-x\r\n')
  closed.push(closedOf(greeted))
  await Promise.all(closed)
  const closedMs = performance.now() - open
  task.meta.figure = {
    measured: `${count} silent connections, all closed ${(closedMs / 1000).toFixed(1)} s after the last was opened, with a grace of 1 s; a login beside them took ${loginMs.toFixed(0)} ms`,
    holds: attackFactor === 1 || (closedMs <= 2_000 && loginMs <= 2_000),
  }
  expect(bench.events).toContainEqual(
    expect.objectContaining({ event: 'refused', reason: 'no login in time' }),
  )
  expect(bench.events).toContainEqual(
    expect.objectContaining({
      event: 'refused',
      reason: 'too many connections without a login from one address',
    }),
  )
})

test('malformed messages after a login end that connection only', async () => {
  await using bench = await openTestDoor(async () => 4)
  const ada = await bench.person('ada')
  for (let round = 0; round < 50; round += 1) {
    const client = new Client()
    client.on('error', () => {})
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
    const ready = once(client, 'ready')
    client.connect({ host: '127.0.0.1', port: bench.door.port, username: 'x', privateKey: ada.privateKey })
    await ready
    const protocol = (client as unknown as { _protocol: RawProtocol })._protocol
    const payload = Buffer.concat([Buffer.from([randomInt(1, 110)]), randomBytes(randomInt(0, 200))])
    const packet = protocol._packetRW.write.alloc(payload.length)
    payload.copy(packet, protocol._packetRW.write.allocStart)
    protocol._cipher.encrypt(protocol._packetRW.write.finalize(packet))
    client.end()
    await closed
  }
  expect((await bench.ssh(ada, ['x'])).code).toBe(4)
})

test('a client that takes packets of 0 bytes loses its connection instead of stopping the server', async () => {
  await using bench = await openTestDoor(async ({ stdout }) => {
    stdout.write('never')
    return 4
  })
  const ada = await bench.person('ada')
  const client = new Client()
  client.on('error', () => {})
  const ready = once(client, 'ready')
  client.connect({ host: '127.0.0.1', port: bench.door.port, username: 'x', privateKey: ada.privateKey })
  await ready
  const protocol = (client as unknown as { _protocol: RawProtocol })._protocol
  const open = protocol.session.bind(protocol)
  protocol.session = (channel, window) => open(channel, window, 0)
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  client.exec('x', () => {})
  await closed
  expect((await bench.ssh(ada, ['x'])).code).toBe(4)
})

type RawProtocol = {
  _packetRW: {
    write: { alloc(size: number): Buffer; allocStart: number; finalize(packet: Buffer): Buffer }
  }
  _cipher: { encrypt(packet: Buffer): void }
  session(channel: number, window: number, packetSize: number): void
}

/** An agent that offers any public key and answers what it likes. */
class ForgingAgent extends BaseAgent<ParsedKey> {
  readonly #keys: readonly ParsedKey[]
  readonly #answer: (key: ParsedKey, data: Buffer) => Buffer | Error

  constructor(keys: readonly ParsedKey[], answer: (key: ParsedKey, data: Buffer) => Buffer | Error) {
    super()
    this.#keys = keys
    this.#answer = answer
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [...this.#keys])
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback | undefined,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback
    const answer = this.#answer(key, data)
    if (answer instanceof Error) done?.(answer)
    else done?.(null, answer)
  }
}

/** Whether a login comes so far that it runs a command. */
async function login(bench: TestDoor, agent: ForgingAgent | undefined, username: string): Promise<boolean> {
  const client = new Client()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  client.on('error', () => {})
  client.on('close', () => resolve(false))
  client.on('ready', () => {
    client.exec('x', (error, channel) => {
      if (error) resolve(false)
      else channel.on('exit', () => resolve(true)).resume()
    })
  })
  client.connect({
    host: '127.0.0.1',
    port: bench.door.port,
    username,
    ...(agent === undefined ? { password: 'secret', tryKeyboard: true } : { agent }),
  })
  const result = await promise
  client.destroy()
  return result
}

function parsed(person: TestPerson): ParsedKey {
  const key = utils.parseKey(person.privateKey) as ParsedKey | ParsedKey[] | Error
  if (key instanceof Error) throw key
  return Array.isArray(key) ? (key[0] as ParsedKey) : key
}

async function rawConnection(bench: TestDoor): Promise<Socket> {
  const socket = connect(bench.door.port, '127.0.0.1')
  const connected = once(socket, 'connect')
  await connected
  socket.on('error', () => {})
  socket.resume()
  return socket
}

function closedOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}

function pairs<Item>(items: readonly Item[]): [Item, Item][] {
  return items.flatMap((one) =>
    items.filter((other) => other !== one).map((other): [Item, Item] => [one, other]),
  )
}
