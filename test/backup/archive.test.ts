import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readItems } from '../../server/backup/archive-reader.ts'
import { ArchiveWriter } from '../../server/backup/archive-writer.ts'
import { pack } from '../../server/tar/tar-stream.ts'

const never = new AbortController().signal

async function itemsOf(archive: Buffer): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {}
  for await (const { name, content } of readItems(Readable.from([archive]), never))
    found[name] = name === 'skipped' ? 0 : (await buffer(Readable.from(content))).length
  return found
}

async function written(): Promise<Buffer> {
  const output = new PassThrough()
  const all = buffer(output)
  const archive = new ArchiveWriter(output, never)
  await archive.bytes('first', Buffer.from('1'))
  for (const name of ['long', 'skipped'])
    await archive.pieces(name, async (to) => {
      for (let piece = 0; piece < 50; piece++) to.write(Buffer.alloc(64 * 1024))
    })
  await archive.pieces('empty', async () => {})
  await archive.bytes('end', Buffer.alloc(0))
  await archive.end()
  output.end()
  return await all
}

test('what was written in pieces is read as one, also where a reader takes none of it', async () => {
  expect(await itemsOf(await written())).toEqual({ first: 1, long: 50 * 64 * 1024, skipped: 0, empty: 0 })
})

test('an archive that ends before its end is refused, wherever that is', async () => {
  const archive = await written()
  const end = archive.lastIndexOf('end\0')
  for (const bytes of [0, 100, 512, 1_000, 2_000_000, end - 512, end])
    await expect(itemsOf(archive.subarray(0, bytes)), `${bytes}`).rejects.toThrow('cut off or broken')
})

test('the failure of what is written is that of the archive', async () => {
  const archive = new ArchiveWriter(new PassThrough().resume(), never)
  await expect(
    archive.pieces('broken', async () => {
      throw new Error('the database went away')
    }),
  ).rejects.toThrow('the database went away')
})

test.each([
  { name: '../out' },
  { name: '/etc/passwd' },
  { name: 'a/../../b' },
  { name: 'a//b' },
  { name: 'link', type: 'symlink' as const, linkname: '/etc' },
])('$name is refused', async (header) => {
  const packed = pack()
  if (header.type === undefined) packed.entry(header, 'text')
  else packed.entry(header)
  packed.finalize()
  await expect(itemsOf(await buffer(packed))).rejects.toThrow('is not of its kind')
})
