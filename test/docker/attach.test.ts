import { createHash, randomBytes } from 'node:crypto'
import { PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { InterruptedError } from '../../server/errors.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('an attachment', { timeout: 60_000 }, () => {
  test('carries 5 MB each way byte for byte, and the end of stdin', async () => {
    const sent = randomBytes(5 * 1024 * 1024)
    const stdout = new Collector()
    const stderr = new Collector()
    const exitCode = await run('cat; echo over >&2; exit 3', {
      stdin: Readable.from(pieces(sent)),
      stdout,
      stderr,
    })
    expect(exitCode).toBe(3)
    expect(sha256(stdout.bytes)).toBe(sha256(sent))
    expect(stderr.bytes.toString()).toBe('over\n')
  })

  test('made before the start loses nothing, however quick the process', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const stdout = new Collector()
      await run('echo quick', { stdout })
      expect(stdout.bytes.toString()).toBe('quick\n')
    }
  })

  test('gives a process an empty stdin that ends', async () => {
    const stdout = new Collector()
    await run('wc -c', { stdin: Readable.from([]), stdout })
    expect(stdout.bytes.toString().trim()).toBe('0')
  })

  test('waits for a slow reader', async () => {
    const slow = new PassThrough({ highWaterMark: 1024 })
    const exitCode = run('head -c 3000000 /dev/zero', { stdout: slow })
    await vi.waitFor(() => expect(slow.writableNeedDrain).toBe(true), { timeout: 10_000 })
    const received = text(slow)
    await exitCode
    slow.end()
    expect((await received).length).toBe(3_000_000)
  })

  test('outlives a process that ends before its stdin does', async () => {
    const endless = new PassThrough()
    endless.write('x')
    const exitCode = await run('exit 4', { stdin: endless, stdout: new Collector() })
    expect(exitCode).toBe(4)
    for (let turn = 0; turn < 100; turn += 1) endless.write(Buffer.alloc(65_536))
  })

  test('has a terminal whose size can be set', async () => {
    const { containers } = bench.engine
    const stdin = new PassThrough()
    const stdout = new Collector()
    const id = await containers.create(bench.spec('read go; stty size', { tty: true, openStdin: true }))
    const { ended } = await containers.attach(id, { stdin, stdout, tty: true })
    await containers.start(id)
    await containers.resize(id, { columns: 132, rows: 43 })
    stdin.write('go\n')
    await ended
    expect(stdout.bytes.toString()).toContain('43 132\r\n')
  })

  test('ends with its signal, and the container goes on', async () => {
    const { containers } = bench.engine
    const stop = new AbortController()
    const id = await containers.create(bench.spec('sleep 1000', { openStdin: true }))
    const { ended } = await containers.attach(id, {
      stdin: new PassThrough(),
      stdout: new Collector(),
      tty: false,
      signal: stop.signal,
    })
    await containers.start(id)
    stop.abort()
    await expect(ended).rejects.toBeInstanceOf(InterruptedError)
    expect((await containers.inspect(id)).state).toBe('running')
  })
})

async function run(
  command: string,
  streams: { stdin?: Readable; stdout: Writable; stderr?: Writable },
): Promise<number> {
  const { containers } = bench.engine
  const id = await containers.create(bench.spec(command, { openStdin: streams.stdin !== undefined }))
  const { ended } = await containers.attach(id, { ...streams, tty: false })
  await containers.start(id)
  const exitCode = await containers.wait(id)
  await ended
  return exitCode
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = []

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk)
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003)
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
