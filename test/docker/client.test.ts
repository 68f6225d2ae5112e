import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { Engine, mapsUsers } from '../../server/docker/engine.ts'
import { InterruptedError, UnavailableError, UserError } from '../../server/errors.ts'
import { dockerHost } from './workbench.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

describe('the connection to the engine', { timeout: 60_000 }, () => {
  test('answers', async () => {
    await new Engine({ dockerHost }).ping()
  })

  test('ignores what the environment says about Docker', async () => {
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1'
    try {
      await new Engine({ dockerHost }).ping()
    } finally {
      delete process.env.DOCKER_HOST
    }
  })

  test.each([['unix:///nowhere/docker.sock'], ['tcp://127.0.0.1:1']])(
    'says that Docker is unavailable where nothing listens (%s)',
    async (nowhere) => {
      const engine = new Engine({ dockerHost: nowhere })
      const failures = await Promise.allSettled([
        engine.ping(),
        engine.images.inspect('a'),
        engine.containers.start('a'),
        engine.containers.attach('a', { stdout: new PassThrough(), tty: false }),
        engine.containers.logs('a').next(),
        engine.events({ labels: {} }),
        engine.networks.list(),
        engine.build({ context: new PassThrough(), dockerfile: 'Dockerfile', labels: {}, onLine: () => {} }),
      ])
      for (const failure of failures) {
        expect(failure).toMatchObject({ reason: expect.any(UnavailableError) })
        expect(failure).toMatchObject({ reason: { message: 'Docker is unavailable; nothing was changed' } })
      }
    },
  )

  test('ends a call at its deadline where Docker accepts and says nothing', async () => {
    const engine = new Engine({ dockerHost: await listener(() => {}), deadlineMs: 100 })
    const context = new PassThrough()
    const failures = await Promise.allSettled([
      engine.ping(),
      engine.images.inspect('a'),
      engine.containers.inspect('a'),
      engine.containers.start('a', { deadlineMs: 100 }),
      engine.containers.attach('a', { stdout: new PassThrough(), tty: false }),
      engine.containers.logs('a').next(),
      engine.events({ labels: {} }),
      engine.build({ context, dockerfile: 'Dockerfile', labels: {}, onLine: () => {}, deadlineMs: 100 }),
    ])
    for (const failure of failures) {
      expect(failure).toMatchObject({ reason: expect.any(UnavailableError) })
      expect(failure).toMatchObject({ reason: { message: expect.stringContaining('within 0.1 s') } })
    }
    expect(context.destroyed).toBe(true)
  })

  test('says that it was cut off where Docker ends in the middle of an answer', async () => {
    const host = await listener((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'))
    })
    const engine = new Engine({ dockerHost: host })
    await expect(engine.containers.inspect('a')).rejects.toThrow('it was cut off while reading the container')
    await expect(engine.containers.wait('a')).rejects.toBeInstanceOf(UnavailableError)
  })

  test('ends a call with its signal, and with the signal’s own reason where it is one of ours', async () => {
    const engine = new Engine({ dockerHost: await listener(() => {}) })
    const stop = new AbortController()
    const call = engine.containers.inspect('a', { signal: stop.signal })
    stop.abort()
    await expect(call).rejects.toBeInstanceOf(InterruptedError)
    await expect(engine.ping({ signal: stop.signal })).rejects.toBeInstanceOf(InterruptedError)
    const reason = new UserError('Cancelled by alice')
    await expect(engine.ping({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('does not load gRPC', async () => {
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    expect(loaded.some((file) => file.includes('/dockerode/'))).toBe(true)
    expect(loaded.filter((file) => /@grpc|protobufjs\/src\/root\.js/.test(file))).toEqual([])
  })
})

async function listener(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.resume()
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return `tcp://127.0.0.1:${address.port}`
}

test('whether root in a container is another user outside is what the engine says of itself', () => {
  expect(mapsUsers(['name=seccomp,profile=default'])).toBe(false)
  expect(mapsUsers(['name=apparmor', 'name=userns'])).toBe(true)
  expect(mapsUsers(['name=seccomp,profile=default', 'name=rootless'])).toBe(true)
})
