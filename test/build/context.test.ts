import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract, type Header, pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildContext } from '../../server/build/context.ts'

const long = `${'very-long-folder-name/'.repeat(9)}${'n'.repeat(150)}.txt`
const files: Record<string, string | Buffer> = {
  Dockerfile: 'FROM scratch\n',
  '.dockerignore': '*\n!src\n',
  'src/ünï cödé 文件.txt': 'ü',
  'src/new\nline': 'x',
  'src/-dash "quoted"': 'x',
  'src/empty': '',
  'src/large.bin': randomBytes(3_000_000),
  [`src/${long}`]: 'long',
  'run.sh': '#!/bin/sh\n',
  'node_modules/a/index.js': 'x',
}

describe('a build’s context', { timeout: 30_000 }, () => {
  let repository: string
  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'paas-context-'))
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(repository, path)), { recursive: true })
      writeFileSync(join(repository, path), content)
    }
    chmodSync(join(repository, 'run.sh'), 0o755)
    symlinkSync('src/empty', join(repository, 'link'))
    symlinkSync(`../${'deep/'.repeat(40)}target`, join(repository, 'src', 'long-link'))
    git('init', '-q')
    git('add', '-A')
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x')
  })
  afterAll(() => rmSync(repository, { recursive: true, force: true }))

  test('is the archive itself where nothing is to be done', () => {
    const source = new PassThrough()
    expect(buildContext({ archive: source })).toBe(source)
  })

  test('keeps names, modes, links and every byte of what stays', async () => {
    const entries = await unpacked(buildContext({ archive: archive(), dockerignore: 'node_modules\n' }))
    const found = Object.fromEntries(entries.map(({ header, content }) => [header.name, { header, content }]))
    for (const [path, content] of Object.entries(files)) {
      if (path.startsWith('node_modules')) expect(found[path]).toBeUndefined()
      else expect(found[path]?.content.equals(Buffer.from(content)), path).toBe(true)
    }
    expect((found['run.sh']?.header.mode ?? 0) & 0o777).toBe(0o755)
    expect((found.Dockerfile?.header.mode ?? 0) & 0o777).toBe(0o644)
    expect(found.link?.header).toMatchObject({ type: 'symlink', linkname: 'src/empty' })
    expect(found['src/long-link']?.header.linkname).toBe(`../${'deep/'.repeat(40)}target`)
    expect(found['node_modules/']).toBeUndefined()
    expect(found['src/']?.header.type).toBe('directory')
  })

  test('is read by tar', async () => {
    const bytes = await buffer(buildContext({ archive: archive(), dockerignore: 'node_modules\n' }))
    const names = execFileSync('tar', ['-t', '--quoting-style=literal', '--null', '-f', '-'], {
      input: bytes,
    }).toString()
    for (const path of Object.keys(files).filter((each) => !each.startsWith('node_modules'))) {
      expect(names).toContain(path)
    }
  })

  test('always has the Dockerfile, the .dockerignore and what is to be kept', async () => {
    const names = await namesOf(buildContext({ archive: archive(), dockerignore: '*', keep: ['src/empty'] }))
    expect(names.sort()).toEqual(['.dockerignore', 'Dockerfile', 'src/empty'])
  })

  test('has the added files, in place of the archive’s', async () => {
    const add = [
      { path: 'Dockerfile', content: 'FROM ours\n' },
      { path: '.paas/ä', content: Buffer.alloc(0) },
    ]
    const entries = await unpacked(buildContext({ archive: archive(), add, dockerignore: '**\n' }))
    expect(entries.map(({ header }) => header.name).sort()).toEqual([
      '.dockerignore',
      '.paas/ä',
      'Dockerfile',
    ])
    expect(entries.find(({ header }) => header.name === 'Dockerfile')?.content.toString()).toBe('FROM ours\n')
    expect((await namesOf(buildContext({ archive: archive(), add }))).length).toBeGreaterThan(10)
  })

  test('lets nothing through but folders, files and symbolic links', async () => {
    const tar = pack()
    tar.entry({ name: 'file' }, 'x')
    tar.entry({ name: './ignored' }, 'x')
    tar.entry({ name: 'device', type: 'character-device', devmajor: 1, devminor: 3 })
    tar.entry({ name: 'pipe', type: 'fifo' })
    tar.entry({ name: 'hard', type: 'link', linkname: 'file' })
    tar.finalize()
    const context = buildContext({ archive: tar as unknown as Readable, dockerignore: 'ignored' })
    expect(await namesOf(context)).toEqual(['file'])
  })

  test.each([
    ['fails', () => Readable.from(failing())],
    ['is cut off', () => Readable.from([Buffer.from('x'.repeat(700))])],
    ['is no tar', () => Readable.from([Buffer.alloc(2048, 'x')])],
  ])('fails where the archive %s', async (_, source) => {
    await expect(buffer(buildContext({ archive: source(), dockerignore: 'a' }))).rejects.toThrow()
  })

  test('that nobody reads any more ends the archive', async () => {
    const source = archive()
    const context = buildContext({ archive: source, dockerignore: 'a' })
    await new Promise((readable) => context.once('readable', readable))
    context.destroy()
    await vi.waitFor(() => expect(source.destroyed).toBe(true))
  })

  test('is not read ahead of its reader', async () => {
    let sent = 0
    const tar = pack()
    const endless = tar.entry({ name: 'large', size: 1e9 })
    endless.on('error', () => {})
    const counted = (tar as unknown as Readable).pipe(new PassThrough())
    counted.on('data', (chunk: Buffer) => {
      sent += chunk.length
    })
    const context = buildContext({ archive: counted, dockerignore: 'a' })
    const write = () => {
      while (endless.write(Buffer.alloc(65_536)));
    }
    endless.on('drain', write)
    write()
    // Two turns without progress: the pipe is full.
    await vi.waitFor(async () => {
      const before = sent
      await new Promise((turn) => setTimeout(turn, 50))
      expect(before).toBeGreaterThan(0)
      expect(sent).toBe(before)
    })
    expect(sent).toBeLessThan(5_000_000)
    context.destroy()
    tar.destroy()
  })

  function git(...args: string[]): void {
    execFileSync('git', ['-C', repository, ...args], { stdio: 'ignore' })
  }

  const archive = (): Readable =>
    spawn('git', ['-C', repository, '-c', 'tar.umask=0022', 'archive', 'HEAD']).stdout
})

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(100)
  throw new Error('git failed')
}

type Entry = { readonly header: Header; readonly content: Buffer }

async function unpacked(context: Readable): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of context.pipe(extract() as never) as unknown as AsyncIterable<
    Readable & { header: Header }
  >) {
    entries.push({ header: entry.header, content: await buffer(entry) })
  }
  return entries
}

const namesOf = async (context: Readable): Promise<string[]> =>
  (await unpacked(context)).map(({ header }) => header.name)
