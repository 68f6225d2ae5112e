import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { noObject } from '../../server/git/object-name.ts'
import { checkTree, treeLimits } from '../../server/git/tree.ts'
import { unfoldingTree } from './bombs.ts'
import { accept, openTestRepository, type TestRepository } from './open-test-repository.ts'

type Entry = readonly [mode: string, name: string | Buffer, object: string]

// Each makes the entries of a root tree from an ordinary blob, a link's blob and an ordinary tree.
const hostile: readonly [string, (objects: Objects) => readonly Entry[]][] = [
  ['a parent folder', ({ tree }) => [['40000', '..', tree]]],
  ['a file named as the parent folder', ({ blob }) => [['100644', '..', blob]]],
  ['its own folder', ({ tree }) => [['40000', '.', tree]]],
  ['a .git folder', ({ tree }) => [['40000', '.git', tree]]],
  ['a .git file', ({ blob }) => [['100644', '.git', blob]]],
  ['a .git link', ({ link }) => [['120000', '.git', link]]],
  ['.GIT', ({ tree }) => [['40000', '.GIT', tree]]],
  ['.gIt', ({ tree }) => [['40000', '.gIt', tree]]],
  ['git~1', ({ tree }) => [['40000', 'git~1', tree]]],
  ['.git with a space behind', ({ tree }) => [['40000', '.git ', tree]]],
  ['.git with dots behind', ({ tree }) => [['40000', '.git...', tree]]],
  ['.git as a stream of NTFS', ({ tree }) => [['40000', '.git::$INDEX_ALLOCATION', tree]]],
  ['.git with a joiner', ({ tree }) => [['40000', '.g\u200cit', tree]]],
  ['.git with a byte order mark', ({ tree }) => [['40000', '\ufeff.git', tree]]],
  ['.git behind a backslash', ({ tree }) => [['40000', 'a\\.git', tree]]],
  ['a parent behind a backslash', ({ blob }) => [['100644', '..\\x', blob]]],
  ['an absolute name', ({ blob }) => [['100644', '/etc/passwd', blob]]],
  ['a name with a slash', ({ blob }) => [['100644', 'a/b', blob]]],
  ['a name that climbs out', ({ blob }) => [['100644', '../../x', blob]]],
  ['an empty name', ({ blob }) => [['100644', '', blob]]],
  [
    'a link and a folder of one name',
    ({ link, tree }) => [
      ['120000', 'a', link],
      ['40000', 'a', tree],
    ],
  ],
  [
    'a folder and a link of one name',
    ({ link, tree }) => [
      ['40000', 'a', tree],
      ['120000', 'a', link],
    ],
  ],
  [
    'two files of one name',
    ({ blob }) => [
      ['100644', 'a', blob],
      ['100644', 'a', blob],
    ],
  ],
  ['a line end in a name', ({ blob }) => [['100644', 'a\nb', blob]]],
  ['an escape in a name', ({ blob }) => [['100644', 'a\x1b[2Jb', blob]]],
  ['a name that is not UTF-8', ({ blob }) => [['100644', Buffer.from([0x61, 0xff]), blob]]],
  ['a submodule', ({ commit }) => [['160000', 'vendor', commit]]],
  ['a device mode', ({ blob }) => [['020644', 'a', blob]]],
  ['a folder that is a file', ({ blob }) => [['40000', 'a', blob]]],
  ['a file that is not there', () => [['100644', 'a', '1'.repeat(40)]]],
  ['a file that is a folder', ({ tree }) => [['100644', 'a', tree]]],
  ['a .git deep inside', ({ dotGit }) => [['40000', 'a', dotGit]]],
]

// The rest git refuses to list or to push at all.
const ours = hostile.filter(([what]) => !/not there|that is a|device|an empty name/.test(what))

describe('a tree that no push may bring', () => {
  let bench: TestRepository
  beforeAll(async () => {
    bench = await openTestRepository(async (push, repository) => {
      for (const { to } of push.updates) if (to !== noObject) await checkTree(repository, to, push.signal)
      return accept(repository, push.updates)
    })
    await bench.git(['config', 'push.recurseSubmodules', 'no'])
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  test.each(hostile)('%s: refused by git or by our walk', async (_what, entriesOf) => {
    await writeTree(bench, entriesOf(await ordinaryObjects(bench)))
    const { code, stderr } = await bench.git(['push', 'paas', 'main'])
    expect(code).toBe(1)
    expect(stderr).toContain('[remote rejected] main')
    expect(await bench.onServer('for-each-ref')).toBe('')
  })

  test.each(ours)('%s: refused by our walk alone', async (_what, entriesOf) => {
    const commit = await writeTree(bench, entriesOf(await ordinaryObjects(bench)))
    await expect(checkTree(`${bench.work}/.git`, commit)).rejects.toThrow(UserError)
  })
})

test('an honest tree passes, with its counts', async () => {
  await using bench = await openTestRepository()
  const { blob, link, tree } = await ordinaryObjects(bench)
  const commit = await writeTree(bench, [
    ['100644', '.gitignore', blob],
    ['100644', '.gitmodules.bak', blob],
    ['100755', 'run me "now"', blob],
    ['120000', 'link', link],
    ['40000', 'src', tree],
    ['100644', 'Grüße 你好 \\x2d ..', blob],
    ['100644', '...', blob],
  ])
  const checked = await checkTree(`${bench.work}/.git`, commit)
  expect(checked).toMatchObject({ entries: 8, bytes: 4 * 5 + 3 + 5 + 5 })
  expect(checked.files.get('src/file')).toBe(5)
  expect(checked.files.has('src')).toBe(false)
})

test('a tree that unfolds into 10^10 paths is refused while it is counted', async () => {
  await using bench = await openTestRepository(async (push, repository) => {
    for (const { to } of push.updates) await checkTree(repository, to, push.signal)
    return accept(repository, push.updates)
  })
  await commitTree(bench, await unfoldingTree(bench.work))
  const { code, stderr } = await bench.git(['push', 'paas', 'main'])
  expect(code).toBe(1)
  expect(stderr).toContain('The tree has more than 100,000 files and folders')
})

test.each([
  ['entries', { entries: 5 }, 'more than 5 files'],
  ['bytes', { bytes: 20 }, 'GiB'],
  ['depth', { depth: 0 }, 'folders deep'],
  ['pathBytes', { pathBytes: 4 }, 'more than 4 bytes'],
])('the limit of %s is named', async (_name, limit, words) => {
  await using bench = await openTestRepository()
  const { blob, tree } = await ordinaryObjects(bench)
  const commit = await writeTree(bench, [
    ...Array.from({ length: 5 }, (_, index): Entry => ['100644', `file${index}`, blob]),
    ['40000', 'src', tree],
  ])
  const limits = { ...treeLimits, ...limit }
  await expect(checkTree(`${bench.work}/.git`, commit, undefined, limits)).rejects.toThrow(words)
})

test('an aborted walk ends', async () => {
  await using bench = await openTestRepository()
  const { stdout } = await bench.git(['rev-parse', 'HEAD'])
  const walk = checkTree(`${bench.work}/.git`, stdout.toString().trim(), AbortSignal.abort())
  await expect(walk).rejects.toThrow()
})

type Objects = {
  readonly blob: string
  readonly link: string
  readonly tree: string
  readonly dotGit: string
  readonly commit: string
}

async function ordinaryObjects(bench: TestRepository): Promise<Objects> {
  const blob = await object(bench, 'blob', Buffer.from('text\n'))
  const link = await object(bench, 'blob', Buffer.from('src'))
  const tree = await object(bench, 'tree', treeBody([['100644', 'file', blob]]))
  const dotGit = await object(bench, 'tree', treeBody([['40000', '.git', tree]]))
  const commit = (await bench.git(['rev-list', '--max-parents=0', 'HEAD'])).stdout.toString().trim()
  return { blob, link, tree, dotGit, commit }
}

/** Puts a commit with this root tree, however wrong, on the pusher's main. */
async function writeTree(bench: TestRepository, entries: readonly Entry[]): Promise<string> {
  return commitTree(bench, await object(bench, 'tree', treeBody(entries)))
}

async function commitTree(bench: TestRepository, tree: string): Promise<string> {
  const who = 'Ada <ada@example.com> 1700000000 +0000'
  const commit = await object(
    bench,
    'commit',
    Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nHostile\n`),
  )
  await bench.git(['update-ref', 'refs/heads/main', commit])
  return commit
}

/** git writes any bytes as an object when it is told to take them literally. */
async function object(bench: TestRepository, type: string, body: Buffer): Promise<string> {
  const { stdout } = await bench.git(['hash-object', '-t', type, '-w', '--literally', '--stdin'], {
    input: body,
  })
  const name = stdout.toString().trim()
  const expected = createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex')
  if (name !== expected) throw new Error(`git wrote ${name} for ${expected}`)
  return name
}

function treeBody(entries: readonly Entry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name, object]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.alloc(1),
      Buffer.from(object, 'hex'),
    ]),
  )
}
