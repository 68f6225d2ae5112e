import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { attackFactor } from '../figure.ts'
import { startInstance } from '../instance.ts'

// Against the server as it runs, in a process of its own.
const most = attackFactor > 1 ? 1_000_000 : 3_000
/** However slow the machine is. */
const longestMs = attackFactor > 1 ? 4 * 60_000 : 60_000
const width = 40

test('malformed openings end their own connection and nothing else', { timeout: 2 * longestMs }, async ({
  task,
}) => {
  await using paas = await startInstance()
  const server = paas.pid('server') ?? 0
  // What it needs for so many at once it has needed before.
  await attack(paas.sshPort, 2_000, longestMs)
  const before = residentMb(server)
  const made = await attack(paas.sshPort, most, longestMs)
  const more = residentMb(server) - before
  await paas.ok('apps')
  expect(paas.pid('server')).toBe(server)
  task.meta.figure = { measured: `0 crashes in ${made}; ${more} MB more`, holds: more <= 50 }
  expect(made).toBeGreaterThan(0)
})

/** Makes so many malformed openings, some at a time; returns how many there was time for. */
async function attack(port: number, count: number, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let made = 0
  const worker = async (): Promise<void> => {
    while (made < count && performance.now() < until) await opening(port, made++)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return made
}

async function opening(port: number, index: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = closedOf(socket)
  await Promise.race([once(socket, 'connect').catch(() => {}), closed])
  socket.resume()
  socket.write(malformed(index))
  if (index % 7 === 0) socket.resetAndDestroy()
  else socket.end()
  await closed
}

const closedOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve())
  })

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024)
}

function malformed(index: number): Buffer {
  const greeting = Buffer.from('SSH-2.0-x\r\n')
  const packet = (payload: Buffer): Buffer => {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(payload.length + 1 + 8, 0)
    head[4] = 8
    return Buffer.concat([head, payload, Buffer.alloc(8)])
  }
  const shapes: (() => Buffer)[] = [
    () => randomBytes(randomInt(1, 2000)),
    () => Buffer.concat([greeting, randomBytes(randomInt(1, 2000))]),
    () => Buffer.concat([greeting, packet(randomBytes(randomInt(1, 500)))]),
    // KEXINIT with lists whose lengths lie.
    () =>
      Buffer.concat([greeting, packet(Buffer.concat([Buffer.from([20]), randomBytes(randomInt(0, 400))]))]),
    () => Buffer.concat([greeting, packet(Buffer.concat([Buffer.from([30]), randomBytes(40)]))]),
    () => Buffer.concat([greeting, Buffer.from('ffffffff', 'hex'), randomBytes(100)]),
    () => Buffer.from(`SSH-${'9'.repeat(randomInt(1, 9000))}\r\n`),
    () => Buffer.from('x\n'.repeat(randomInt(1, 2000))),
    () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    () => Buffer.concat([greeting, packet(Buffer.concat([Buffer.from([50]), randomBytes(60)]))]),
  ]
  return (shapes[index % shapes.length] as () => Buffer)()
}
