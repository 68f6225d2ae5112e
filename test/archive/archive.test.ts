import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type Header, pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { readArchive } from '../../server/archive/archive.ts'

const limits = { entries: 100, bytes: 1024 ** 3 }

/** A real tar of these entries. */
async function tar(
  ...entries: readonly (Partial<Header> & { readonly name: string } & { readonly content?: string })[]
): Promise<Buffer> {
  const packed = pack()
  for (const { content = '', ...header } of entries) packed.entry(header, content)
  packed.finalize()
  return await buffer(packed)
}

/** What is read of it, chunk by chunk; a link as `-> TARGET`, a copy as `= PATH`. */
async function read(
  archive: Buffer,
  chunkBytes = 100,
  within = limits,
): Promise<Readonly<Record<string, string>>> {
  const chunks = Array.from({ length: Math.ceil(archive.length / chunkBytes) }, (_, index) =>
    archive.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
  const found: Record<string, string> = {}
  for await (const file of readArchive(Readable.from(chunks), within)) {
    if ('link' in file) found[file.path] = `-> ${file.link}`
    else if ('copyOf' in file) found[file.path] = `= ${file.copyOf}`
    else
      found[file.path] =
        `${file.executable ? '!' : ''}${(await Readable.from(file.content).toArray()).join('')}`
  }
  return found
}

const good = [
  { name: './', type: 'directory' },
  { name: './a.txt', content: 'a' },
  { name: './run', mode: 0o755, content: 'go' },
  { name: './empty', content: '' },
  { name: './folder/', type: 'directory' },
  { name: './folder/up', type: 'symlink', linkname: '../a.txt' },
  { name: './folder/same', type: 'link', linkname: './a.txt' },
  { name: './.git/config', content: '[core]' },
  { name: `./${'long/'.repeat(60)}file`, content: 'deep' },
] as const

test('files, modes, links and copies are read of a tar and of a tar.gz, however they are cut', async () => {
  const expected = {
    'a.txt': 'a',
    run: '!go',
    empty: '',
    'folder/up': '-> ../a.txt',
    'folder/same': '= a.txt',
    [`${'long/'.repeat(60)}file`]: 'deep',
  }
  const archive = await tar(...good)
  for (const chunkBytes of [1, 511, 513, 1e6]) {
    expect(await read(archive, chunkBytes)).toEqual(expected)
    expect(await read(gzipSync(archive), chunkBytes)).toEqual(expected)
  }
})

test.each([
  ['a path out of it', { name: '../x', content: 'x' }, 'leaves it'],
  ['a path out of a folder', { name: 'a/../../x', content: 'x' }, 'leaves it'],
  ['an absolute path', { name: '/etc/x', content: 'x' }, 'leaves it'],
  ['a link out of it', { name: 'x', type: 'symlink', linkname: '../x' }, 'leaves it'],
  ['an absolute link', { name: 'x', type: 'symlink', linkname: '/etc/passwd' }, 'leaves it'],
  ['a link out by way of another', { name: 'a/x', type: 'symlink', linkname: 'b/../../y' }, 'leaves it'],
  ['a hard link to what is not in it', { name: 'x', type: 'link', linkname: '/etc/shadow' }, 'is not in it'],
  ['a device', { name: 'x', type: 'character-device' }, 'character-device'],
  ['a pipe', { name: 'x', type: 'fifo' }, 'fifo'],
] as const)('%s is refused', async (_, entry, words) => {
  await expect(read(await tar({ name: 'first', content: '1' }, entry))).rejects.toThrow(words)
})

test('more files or bytes than the limits are refused before they are read', async () => {
  const two = await tar({ name: 'a', content: '12345' }, { name: 'b', content: '12345' })
  await expect(read(two, 100, { entries: 1, bytes: 100 })).rejects.toThrow('more than 1 files')
  await expect(read(two, 100, { entries: 9, bytes: 9 })).rejects.toThrow('have more than')
  const bomb = gzipSync(await tar({ name: 'zeros', content: '\0'.repeat(50_000_000) }))
  expect(bomb.length).toBeLessThan(100_000)
  await expect(read(bomb, 1000, { entries: 9, bytes: 1_000_000 })).rejects.toThrow('have more than')
})

test('a header of many megabytes is refused and not held', async () => {
  const long = await tar({ name: 'x', pax: { comment: 'c'.repeat(20_000_000) }, content: 'x' })
  await expect(read(long, 64 * 1024)).rejects.toThrow('broken')
})

test('what is cut off, broken, empty or of another kind is refused in words', async () => {
  const archive = await tar({ name: 'a', content: 'a'.repeat(2000) }, { name: 'b', content: 'b' })
  for (const cut of [3, 700, 2000, 2560, archive.length - 600])
    await expect(read(archive.subarray(0, cut)), String(cut)).rejects.toThrow(/cut off|too early/)
  await expect(read(gzipSync(archive).subarray(0, 60))).rejects.toThrow('cut off')
  await expect(read(Buffer.alloc(0))).rejects.toThrow('nothing in it')
  await expect(read(Buffer.from('<html>not found</html>'.repeat(100)))).rejects.toThrow('no tar')
  await expect(read(Buffer.from('PK\x03\x04 and more'))).rejects.toThrow('zip')
})
