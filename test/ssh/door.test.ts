import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { Client, type ClientChannel } from 'ssh2'
import { expect, test } from 'vitest'
import type { Session, TerminalSize } from '../../server/ssh/session.ts'
import { openTestDoor, type TestDoor, type TestPerson } from './open-test-door.ts'

test('a command gets its line as it came, and its output and exit code reach the client', async () => {
  const sessions: Session[] = []
  await using bench = await openTestDoor(async (session) => {
    sessions.push(session)
    session.stdout.write('out\n')
    session.stderr.write('err\n')
    return 42
  })
  const ada = await bench.person('ada')
  const { code, stdout, stderr } = await bench.ssh(ada, ['config:set  A=\'x y\'  B="$HOME"'])
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' })
  expect(sessions[0]).toMatchObject({
    line: 'config:set  A=\'x y\'  B="$HOME"',
    sshUser: 'paas',
    address: '127.0.0.1',
    person: { userId: 'ada', fingerprint: ada.fingerprint },
    terminal: undefined,
  })
})

test('a login without a command is a session with an empty line', async () => {
  await using bench = await openTestDoor(async ({ line }) => (line === '' ? 3 : 1))
  expect((await bench.ssh(await bench.person('ada'), [])).code).toBe(3)
})

test.each(['ed25519', 'ecdsa', 'rsa'])('a key of type %s opens the door', async (type) => {
  await using bench = await openTestDoor(async () => 7)
  expect((await bench.ssh(await bench.person('ada', { type }), ['x'])).code).toBe(7)
})

test('20 MB pass from stdin to stdout byte for byte, while both sides exchange keys anew', async () => {
  await using bench = await openTestDoor(async (session) => {
    await pipeline(session.stdin, session.stdout)
    return 5
  })
  const sent = randomBytes(20_000_000)
  const ada = await bench.person('ada')
  const { code, stdout } = await bench.ssh(ada, ['-o', 'RekeyLimit=1M', 'cat'], sent)
  expect(code).toBe(5)
  expect(sha256(stdout)).toBe(sha256(sent))
})

test('stdout and stderr that wait for each other keep every byte', async () => {
  const out = Array.from({ length: 60 }, () => randomBytes(100_000 + Math.floor(Math.random() * 50_000)))
  const err = Array.from({ length: 60 }, () => `${randomBytes(60_000).toString('hex')}\n`)
  await using bench = await openTestDoor(async ({ stdout, stderr }) => {
    for (const [index, chunk] of out.entries()) {
      stdout.write(chunk)
      stderr.write(err[index])
    }
    return 0
  })
  const outcome = await bench.ssh(await bench.person('ada'), ['x'])
  expect(outcome.code).toBe(0)
  expect(sha256(outcome.stdout)).toBe(sha256(Buffer.concat(out)))
  expect(sha256(Buffer.from(outcome.stderr))).toBe(sha256(Buffer.from(err.join(''))))
})

test('lines written one by one arrive whole and in order, many of them in one packet', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)
  await using bench = await openTestDoor(async ({ stdout }) => {
    for (const line of lines) stdout.write(line)
    return 0
  })
  const client = await connect(bench, await bench.person('ada'))
  const channel = await exec(client, 'lines')
  const packets: Buffer[] = []
  channel.on('data', (packet: Buffer) => packets.push(packet))
  await once(channel, 'close')
  expect(Buffer.concat(packets).toString()).toBe(lines.join(''))
  expect(packets.length).toBeLessThan(100)
  client.end()
})

test('a client that reads slowly slows the command down instead of filling memory', async () => {
  let written = 0
  const stalled = Promise.withResolvers<void>()
  await using bench = await openTestDoor(async ({ stdout, signal }) => {
    while (!signal.aborted) {
      const chunk = randomBytes(64 * 1024)
      written += chunk.length
      if (stdout.write(chunk)) continue
      const drained = once(stdout, 'drain', { signal })
      const timer = setTimeout(stalled.resolve, 500)
      await drained.catch(() => {})
      clearTimeout(timer)
    }
    return 0
  })
  const client = await connect(bench, await bench.person('ada'))
  const channel = await exec(client, 'flood')
  channel.pause()
  await stalled.promise
  expect(written).toBeLessThan(64 * 1024 * 1024)
  client.destroy()
})

test('a command that throws shows a reference, which the log has with its cause', async () => {
  await using bench = await openTestDoor(async () => {
    throw new Error('the cause')
  })
  const { code, stderr } = await bench.ssh(await bench.person('ada'), ['x'])
  expect(code).toBe(1)
  const ref = /^Internal error \(([0-9a-f]{8})\)\n$/.exec(stderr)?.[1]
  expect(bench.events).toContainEqual(
    expect.objectContaining({
      event: 'failed',
      ref,
      error: expect.objectContaining({ message: 'the cause' }),
    }),
  )
})

test('of the environment only PAAS_APP and a sound GIT_PROTOCOL pass', async () => {
  const seen: unknown[] = []
  await using bench = await openTestDoor(async (session) => {
    seen.push(session.environment)
    return 0
  })
  const ada = await bench.person('ada')
  const set = (...pairs: string[]): string[] => ['-o', `SetEnv=${pairs.join(' ')}`, 'x']
  await bench.ssh(ada, set('PAAS_APP=blog', 'LD_PRELOAD=/x.so', 'GIT_PROTOCOL=version=2', 'GIT_DIR=/'))
  await bench.ssh(ada, set('GIT_PROTOCOL=version=2:x', 'GIT_SSH_COMMAND=x', '__proto__=x'))
  expect(seen).toEqual([{ PAAS_APP: 'blog', GIT_PROTOCOL: 'version=2' }, {}])
})

test('a terminal has its size, and its changes arrive', async () => {
  const resized = Promise.withResolvers<TerminalSize>()
  let first: unknown
  await using bench = await openTestDoor(async ({ terminal, stdout }) => {
    first = { term: terminal?.term, columns: terminal?.columns, rows: terminal?.rows }
    terminal?.onResize(resized.resolve)
    stdout.write('ready')
    await resized.promise
    return terminal?.columns ?? 0
  })
  const client = await connect(bench, await bench.person('ada'))
  const channel = await exec(client, 'top', { term: 'xterm-256color', cols: 100, rows: 30 })
  await once(channel, 'data')
  channel.setWindow(50, 133, 0, 0)
  expect(await resized.promise).toEqual({ columns: 133, rows: 50 })
  expect(first).toEqual({ term: 'xterm-256color', columns: 100, rows: 30 })
  expect(await exitCode(channel)).toBe(133)
  client.end()
})

test('a client that is gone aborts the command, and its half stdin is no whole one', async () => {
  const started = Promise.withResolvers<Session>()
  const ended = Promise.withResolvers<unknown>()
  await using bench = await openTestDoor(async (session) => {
    started.resolve(session)
    try {
      for await (const _ of session.stdin);
      ended.resolve('a whole stdin')
    } catch (error) {
      ended.resolve(error)
    }
    return 0
  })
  const { child, outcome } = bench.launchSsh(await bench.person('ada'), ['x'])
  child.stdin?.write('half')
  const { signal } = await started.promise
  expect(signal.aborted).toBe(false)
  child.kill('SIGKILL')
  expect(await ended.promise).toMatchObject({ message: 'The client has gone' })
  expect(signal.aborted).toBe(true)
  await outcome
})

test('a signal that the client sends aborts the command, and its exit code still arrives', async () => {
  await using bench = await openTestDoor(async ({ signal, stdout }) => {
    stdout.write('ready')
    await once(signal, 'abort')
    return 130
  })
  const client = await connect(bench, await bench.person('ada'))
  const channel = await exec(client, 'x')
  await once(channel, 'data')
  channel.signal('INT')
  expect(await exitCode(channel)).toBe(130)
  client.end()
})

test('forwarding, subsystems and an eleventh session are refused', async () => {
  await using bench = await openTestDoor(async ({ signal }) => {
    await once(signal, 'abort')
    return 0
  })
  const ada = await bench.person('ada')
  const forwarded = await bench.ssh(ada, ['-W', '127.0.0.1:1'])
  expect(forwarded.stderr).toContain('forwarding failed')
  const client = await connect(bench, ada)
  await expect(sftp(client)).rejects.toThrow()
  await expect(forwardIn(client)).rejects.toThrow()
  // The subsystem's session is closed by the client; ten more may be open.
  const fits = await Promise.all(Array.from({ length: 9 }, () => exec(client, 'x')))
  expect(fits).toHaveLength(9)
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => exec(client, 'x')))
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(4)
  client.destroy()
})

test('50 clients of one address at once are all served', async () => {
  await using bench = await openTestDoor(async () => 9)
  const ada = await bench.person('ada')
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => bench.ssh(ada, ['x'])))
  expect(outcomes.map(({ code }) => code)).toEqual(Array(50).fill(9))
})

test('one key may not hold more connections than its limit', async () => {
  await using bench = await openTestDoor(async () => 9, { connectionsPerKey: 2 })
  const ada = await bench.person('ada')
  const held = [await connect(bench, ada), await connect(bench, ada)]
  expect((await bench.ssh(ada, ['x'])).code).toBe(255)
  expect((await bench.ssh(await bench.person('bob'), ['x'])).code).toBe(9)
  for (const client of held) client.destroy()
})

test("a removed key's live sessions end", async () => {
  const started = Promise.withResolvers<void>()
  await using bench = await openTestDoor(async ({ signal }) => {
    started.resolve()
    await once(signal, 'abort')
    return 0
  })
  const ada = await bench.person('ada')
  const { outcome } = bench.launchSsh(ada, ['x'])
  await started.promise
  expect(bench.door.sessionsOf(ada.fingerprint)).toHaveLength(1)
  await bench.door.endSessionsOf(ada.fingerprint)
  expect((await outcome).code).not.toBeNull()
  expect(bench.door.sessionsOf(ada.fingerprint)).toHaveLength(0)
})

test('a door that closes lets commands say their last word', async () => {
  const started = Promise.withResolvers<void>()
  const bench = await openTestDoor(async ({ signal, stdout }) => {
    started.resolve()
    await once(signal, 'abort')
    stdout.write('bye')
    return 130
  })
  const { outcome } = bench.launchSsh(await bench.person('ada'), ['x'])
  await started.promise
  await bench[Symbol.asyncDispose]()
  const { code, stdout } = await outcome
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 130, stdout: 'bye' })
})

test('keys are exchanged anew in time, and the session goes on', async () => {
  await using bench = await openTestDoor(
    async (session) => {
      await pipeline(session.stdin, session.stdout)
      return 0
    },
    { rekeyMs: 1 },
  )
  const client = await connect(bench, await bench.person('ada'))
  const channel = await exec(client, 'cat')
  await once(client, 'handshake')
  channel.write('still here')
  expect(String((await once(channel, 'data'))[0])).toBe('still here')
  client.destroy()
})

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

async function connect(bench: TestDoor, person: TestPerson): Promise<Client> {
  const client = new Client()
  client.on('error', () => {})
  const ready = once(client, 'ready')
  client.connect({
    host: '127.0.0.1',
    port: bench.door.port,
    username: 'paas',
    privateKey: person.privateKey,
  })
  await ready
  return client
}

function exec(
  client: Client,
  line: string,
  pty?: { term: string; cols: number; rows: number },
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(line, pty === undefined ? {} : { pty }, (error, channel) => {
      if (error) reject(error)
      else resolve(channel)
    })
  })
}

function sftp(client: Client): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.sftp((error, wrapper) => (error ? reject(error) : resolve(wrapper)))
  })
}

function forwardIn(client: Client): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.forwardIn('127.0.0.1', 0, (error, port) => (error ? reject(error) : resolve(port)))
  })
}

async function exitCode(channel: ClientChannel): Promise<number> {
  channel.resume()
  const [code] = await once(channel, 'exit')
  return code as number
}

test('a client that answers nothing any more loses its session', async () => {
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  await using bench = await openTestDoor(
    async ({ signal }) => {
      started.resolve()
      signal.addEventListener('abort', () => ended.resolve(), { once: true })
      await ended.promise
      return 0
    },
    { keepaliveMs: 200 },
  )
  const { child, outcome } = bench.launchSsh(await bench.person('ada'), ['x'])
  await started.promise
  child.kill('SIGSTOP')
  await ended.promise
  child.kill('SIGKILL')
  await outcome
})
