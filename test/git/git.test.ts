import { buffer } from 'node:stream/consumers'
import { extract, type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { archive } from '../../server/git/commits.ts'
import { createRepository } from '../../server/git/create-repository.ts'
import { GitFailure } from '../../server/git/git.ts'
import { noObject } from '../../server/git/object-name.ts'
import { prune } from '../../server/git/prune.ts'
import { deleteRef, moveRef, resolve, setHead } from '../../server/git/refs.ts'
import { commitInfo, readText } from '../../server/git/source.ts'
import { openTestRepository } from './open-test-repository.ts'

const ref = 'refs/heads/main'

test('a ref moves only from where it was seen, and may be moved twice', async () => {
  await using bench = await openTestRepository()
  const first = await bench.commit('a', '1')
  const second = await bench.commit('b', '2')
  await bench.git(['push', '-q', 'paas', 'main:all'])
  await moveRef(bench.repository, { ref, from: noObject, to: first })
  await moveRef(bench.repository, { ref, from: noObject, to: first })
  await expect(moveRef(bench.repository, { ref, from: noObject, to: second })).rejects.toThrow('has moved')
  await expect(
    moveRef(bench.repository, { ref, from: second, to: second.replace(/./, 'f') }),
  ).rejects.toThrow(UserError)
  await moveRef(bench.repository, { ref, from: first, to: second })
  expect(await resolve(bench.repository, 'main')).toBe(second)
  await expect(deleteRef(bench.repository, { ref, from: first })).rejects.toThrow('has moved')
  const beside = { ref: `${ref}/sub`, from: noObject, to: first }
  await expect(moveRef(bench.repository, beside)).rejects.toThrow('main/sub cannot stand beside main')
  await deleteRef(bench.repository, { ref, from: second })
  expect(await resolve(bench.repository, 'main')).toBeUndefined()
})

test('what is no plain revision resolves to nothing', async () => {
  await using bench = await openTestRepository()
  await bench.git(['push', '-q', 'paas', 'main'])
  expect(await resolve(bench.repository, 'main')).toMatch(/^[0-9a-f]{40}$/)
  const wrong = [
    '',
    '-h',
    '--all',
    '--output=x',
    'HEAD:README',
    ':/Add',
    '@{-1}',
    'main..all',
    'nothing',
    'a b',
  ]
  for (const revision of [...wrong, '$(id)', 'main\0']) {
    expect(await resolve(bench.repository, revision)).toBeUndefined()
  }
})

test('an archive has the files with their modes, and says when it is not whole', async () => {
  await using bench = await openTestRepository()
  await bench.commit('run', '#!/bin/sh\n')
  await bench.commit('Grüße', 'x')
  await bench.git(['update-index', '--chmod=+x', 'run'])
  await bench.commit('.gitattributes', 'README export-ignore\n')
  await bench.git(['push', '-q', 'paas', 'main'])
  const commit = (await resolve(bench.repository, 'main')) ?? ''
  const { stream, done } = archive(bench.repository, commit)
  const found: Record<string, string> = {}
  const entries = stream.pipe(extract())
  entries.on('entry', ({ name, mode }: Header, content, next) => {
    found[name] = (mode ?? 0).toString(8)
    content.on('end', () => next()).resume()
  })
  await Promise.all([done, new Promise<void>((resolve) => entries.on('finish', () => resolve()))])
  expect(found).toEqual({ '.gitattributes': '644', Grüße: '644', run: '755' })

  const nothing = archive(bench.repository, '1'.repeat(40))
  await expect(buffer(nothing.stream)).resolves.toHaveLength(0)
  await expect(nothing.done).rejects.toThrow(GitFailure)
  const aborted = archive(bench.repository, commit, AbortSignal.abort())
  await expect(aborted.done).rejects.toThrow()
})

test('a small file is read, a large one refused with its name, and nothing is undefined', async () => {
  await using bench = await openTestRepository()
  await bench.commit('Procfile', '\ufeffweb: node server.js\n')
  await bench.commit('large', 'x'.repeat(300_000))
  const commit = await bench.commit('note', '')
  await bench.git(['push', '-q', 'paas', 'main'])
  expect(await readText(bench.repository, commit, 'Procfile')).toBe('web: node server.js\n')
  expect(await readText(bench.repository, commit, 'note')).toBe('')
  expect(await readText(bench.repository, commit, 'absent')).toBeUndefined()
  expect(await readText(bench.repository, commit, '')).toBeUndefined()
  await expect(readText(bench.repository, commit, 'large')).rejects.toThrow('large has more than')
})

test("a commit's message and author are fit for a terminal", async () => {
  await using bench = await openTestRepository()
  await bench.git([
    'commit',
    '-q',
    '--allow-empty',
    '--author=Eve \x1b[2J <e@x>',
    '-m',
    'One \x1b]0;x\x07two\n\nThree',
  ])
  await bench.git(['push', '-q', 'paas', 'main'])
  const commit = (await resolve(bench.repository, 'main')) ?? ''
  expect(await commitInfo(bench.repository, commit)).toEqual({ author: 'Eve', subject: 'One two' })
})

test('pruning keeps what refs reach and removes packs that none does', async () => {
  await using bench = await openTestRepository()
  const kept = await bench.commit('a', '1')
  await bench.git(['push', '-q', 'paas', 'main'])
  for (let index = 0; index < 40; index += 1) await bench.commit(`f${index}`, `${index}`)
  await bench.git(['push', '-q', 'paas', 'main:other'])
  await bench.onServer('update-ref', '-d', 'refs/heads/other')
  await prune(bench.repository)
  expect(await bench.onServer('rev-list', '--all', '--objects', '--count')).toBe(
    await bench.onServer('count-objects', '-v').then((text) => {
      const count = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1])
      return String(count('count') + count('in-pack'))
    }),
  )
  expect(await resolve(bench.repository, 'main')).toBe(kept)
})

test('a repository is made whole or not at all, and its HEAD may be set', async () => {
  await using bench = await openTestRepository()
  await expect(createRepository(bench.repository)).rejects.toThrow()
  await setHead(bench.repository, 'trunk')
  expect(await bench.onServer('symbolic-ref', 'HEAD')).toBe('refs/heads/trunk')
  await expect(setHead(bench.repository, 'a b')).rejects.toThrow(UserError)
})
