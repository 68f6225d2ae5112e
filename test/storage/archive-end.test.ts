import { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { ArchiveEnd } from '../../server/storage/archive-end.ts'

/** Whether the end was seen of bytes that come in pieces of this size. */
async function isWhole(bytes: Buffer, size: number): Promise<boolean> {
  const end = new ArchiveEnd()
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
  const passed: Buffer[] = []
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      passed.push(chunk)
      done()
    },
  })
  await pipeline(Readable.from(pieces), end, sink)
  expect(Buffer.concat(passed).equals(bytes)).toBe(true)
  return end.isWhole
}

test('an archive is whole with its end alone, in whatever pieces it comes', async () => {
  const tar = pack()
  tar.entry({ name: 'a' }, 'text')
  tar.entry({ name: 'zeros' }, Buffer.alloc(2048))
  tar.finalize()
  const whole = await buffer(tar)
  for (const size of [1, 100, 512, 4096, 1_000_000]) {
    expect(await isWhole(whole, size), `${size}`).toBe(true)
    // Between two files, where tar sees nothing wrong.
    expect(await isWhole(whole.subarray(0, 1024), size), `${size}`).toBe(false)
    expect(await isWhole(Buffer.alloc(0), size), `${size}`).toBe(false)
  }
})
