import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { noObject } from '../../server/git/object-name.ts'
import type { PushRequest } from '../../server/git/proc-receive.ts'
import type { Push } from '../../server/git/receive-pack.ts'
import { accept, openTestRepository, type TestRepository } from './open-test-repository.ts'

test('a push moves its branch, and a clone gives the same files back', async () => {
  const pushes: PushRequest[] = []
  await using bench = await openTestRepository(async (push, repository) => {
    pushes.push({ updates: push.updates, options: push.options, atomic: push.atomic })
    return accept(repository, push.updates)
  })
  const first = await bench.commit('exact', randomBytes(300_000).toString('latin1'))
  expect((await bench.git(['push', 'paas', 'main'])).code).toBe(0)
  const second = await bench.commit('later', 'x')
  expect((await bench.git(['push', '-o', 'one', '-o', 'two=2', 'paas', 'main'])).code).toBe(0)
  const ref = 'refs/heads/main'
  expect(pushes).toEqual([
    { updates: [{ ref, from: noObject, to: first }], options: [], atomic: false },
    { updates: [{ ref, from: first, to: second }], options: ['one', 'two=2'], atomic: false },
  ])
  for (const version of ['0', '1', '2']) {
    const folder = join(bench.bench.folder, `clone${version}`)
    const url = 'ssh://paas@127.0.0.1/blog'
    const cloned = await bench.git(['-c', `protocol.version=${version}`, 'clone', '-q', url, folder])
    expect(cloned.code).toBe(0)
    expect(await readFile(join(folder, 'exact'))).toEqual(await readFile(join(bench.work, 'exact')))
  }
  expect((await bench.git(['push', 'paas', 'main'])).stderr).toContain('Everything up-to-date')
})

test('output reaches the pusher while the push is being judged', async () => {
  const seen = Promise.withResolvers<void>()
  await using bench = await openTestRepository(async (push, repository) => {
    push.progress.write('building\n')
    await seen.promise
    push.progress.write('built')
    return accept(repository, push.updates)
  })
  const { child, outcome } = bench.launchGit(['push', 'paas', 'main'])
  child.stderr?.on('data', (chunk: Buffer) => {
    if (/^remote: building\s*$/m.test(chunk.toString())) seen.resolve()
  })
  const { code, stderr } = await outcome
  expect(code).toBe(0)
  expect(stderr).toMatch(/^remote: built\s*$/m)
})

test('a refused push shows the reason, moves nothing, and what it brought is removed', async () => {
  let verdict = 'build failed'
  await using bench = await openTestRepository(async ({ updates }) => {
    if (verdict === 'throw a user error') throw new UserError('there is nothing to build')
    return updates.map(({ ref }) => ({ ref, ok: false, reason: verdict }))
  })
  for (let index = 0; index < 150; index += 1)
    await bench.git([
      'update-index',
      '--add',
      '--cacheinfo',
      `100644,${await blob(bench, `${index}`)},f${index}`,
    ])
  await bench.git(['commit', '-q', '-m', 'Many'])
  const refused = await bench.git(['push', 'paas', 'main'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('! [remote rejected] main -> main (build failed)')
  await vi.waitFor(async () => expect(await bench.objectFiles()).toEqual([]), 5000)
  verdict = 'two\nlines \x1b]0;title\x07 and more'
  expect((await bench.git(['push', 'paas', 'main'])).stderr).toContain('(two lines and more)')
  verdict = 'throw a user error'
  expect((await bench.git(['push', 'paas', 'main'])).stderr).toContain('(there is nothing to build)')
  expect(await bench.onServer('for-each-ref')).toBe('')
})

test('a judge that throws refuses with a reference, and so does one that forgets a branch', async () => {
  let forget = false
  await using bench = await openTestRepository(async () => {
    if (forget) return []
    throw new Error('the cause')
  })
  const { code, stderr } = await bench.git(['push', 'paas', 'main'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/main -> main \(internal error \([0-9a-f]{8}\)\)/)
  expect(bench.errors).toEqual([expect.objectContaining({ message: 'the cause' })])
  forget = true
  expect((await bench.git(['push', 'paas', 'main'])).stderr).toContain('(no verdict)')
  expect(await bench.onServer('for-each-ref')).toBe('')
})

test('deletions arrive as updates; tags are stored without a judge', async () => {
  const updates: unknown[] = []
  await using bench = await openTestRepository(async (push, repository) => {
    updates.push(...push.updates)
    return accept(repository, push.updates)
  })
  const { stdout } = await bench.git(['rev-parse', 'HEAD'])
  const commit = stdout.toString().trim()
  await bench.git(['tag', 'v1'])
  await bench.git(['push', '-q', 'paas', 'main', 'main:refs/heads/topic/one'])
  updates.length = 0
  expect((await bench.git(['push', 'paas', 'v1', ':topic/one'])).code).toBe(0)
  expect(updates).toEqual([{ ref: 'refs/heads/topic/one', from: commit, to: noObject }])
  expect(await bench.onServer('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/tags/v1')
  updates.length = 0
  expect((await bench.git(['push', 'paas', ':v1'])).code).toBe(0)
  expect(updates).toEqual([])
})

test('an atomic push whose branch is refused brings no tag either', async () => {
  const atomic: boolean[] = []
  await using bench = await openTestRepository(async (push) => {
    atomic.push(push.atomic)
    return push.updates.map(({ ref }) => ({ ref, ok: false, reason: 'build failed' }))
  })
  await bench.git(['tag', 'v1'])
  const { code, stderr } = await bench.git(['push', '--atomic', 'paas', 'main', 'v1'])
  expect(code).toBe(1)
  expect(stderr).toContain('main -> main (build failed)')
  expect(stderr).toMatch(/remote rejected\] v1 -> v1/)
  expect(atomic).toEqual([true])
  expect(await bench.onServer('for-each-ref')).toBe('')
})

test('a shallow clone may push first and again, and the repository stays sound', async () => {
  await using bench = await openTestRepository()
  await bench.commit('a', '1')
  await bench.commit('b', '2')
  const shallow = join(bench.bench.folder, 'shallow')
  await bench.git(['clone', '-q', '--depth', '1', `file://${bench.work}`, shallow])
  const push = (): Promise<{ code: number | null }> =>
    bench.git(['push', 'paas@127.0.0.1:blog', 'HEAD:main'], { cwd: shallow })
  expect((await push()).code).toBe(0)
  await bench.git(['commit', '-q', '--allow-empty', '-m', 'more'], { cwd: shallow })
  expect((await push()).code).toBe(0)
  await bench.onServer('fsck', '--strict')
  expect(await bench.onServer('rev-list', '--count', 'main')).toBe('2')
  const clone = await bench.git(['clone', '-q', 'paas@127.0.0.1:blog', join(bench.bench.folder, 'back')])
  expect(clone.code).toBe(0)
  await bench.git(['fetch', '-q', '--unshallow'], { cwd: shallow })
  await bench.git(['commit', '-q', '--allow-empty', '-m', 'whole'], { cwd: shallow })
  expect((await push()).code).toBe(0)
  await bench.onServer('fsck', '--strict')
})

test('fresh shallow clones that push one after the other keep the history that the server has', async () => {
  await using bench = await openTestRepository()
  await bench.commit('a', '1')
  for (const name of ['first', 'second', 'third']) {
    const shallow = join(bench.bench.folder, name)
    await bench.git(['clone', '-q', '--depth', '1', `file://${bench.work}`, shallow])
    const pushed = await bench.git(['push', '-f', 'paas@127.0.0.1:blog', 'HEAD:main'], { cwd: shallow })
    expect(pushed.code).toBe(0)
    await bench.commit(name, 'x')
  }
  await bench.onServer('fsck', '--strict')
  expect(await bench.onServer('rev-list', '--count', 'main')).toBe('3')
  expect((await readFile(join(bench.repository, 'shallow'), 'utf8')).trim().split('\n')).toHaveLength(1)
})

test('a client cannot cut the history of commits that the server has whole', async () => {
  await using bench = await openTestRepository()
  await bench.commit('a', '1')
  await bench.git(['push', '-q', 'paas', 'main'])
  const shallow = join(bench.bench.folder, 'shallow')
  await bench.git(['clone', '-q', '--depth', '1', `file://${bench.work}`, shallow])
  await bench.git(['commit', '-q', '--allow-empty', '-m', 'more'], { cwd: shallow })
  expect((await bench.git(['push', 'paas@127.0.0.1:blog', 'HEAD:main'], { cwd: shallow })).code).toBe(0)
  expect(await bench.onServer('rev-list', '--count', 'main')).toBe('3')
  expect(await bench.onServer('rev-parse', '--is-shallow-repository')).toBe('false')
})

test('a pusher who goes while the push is judged aborts it; ref and objects are as before', async () => {
  const judged = Promise.withResolvers<Push>()
  const ended = Promise.withResolvers<void>()
  await using bench = await openTestRepository(async (push) => {
    judged.resolve(push)
    await once(push.signal, 'abort')
    ended.resolve()
    throw push.signal.reason
  })
  const { child, outcome } = bench.launchGit(['push', 'paas', 'main'])
  await judged.promise
  process.kill(await sshBelow(child.pid), 'SIGKILL')
  await ended.promise
  expect((await outcome).code).not.toBe(0)
  expect(await bench.onServer('for-each-ref')).toBe('')
  await vi.waitFor(async () => expect(await bench.objectFiles()).toEqual([]), 5000)
  expect(bench.errors).toEqual([])
})

test('a push that is cut within its pack leaves nothing behind', { timeout: 20_000 }, async () => {
  await using bench = await openTestRepository()
  await bench.git(['push', '-q', 'paas', 'main'])
  const before = (await bench.objectFiles()).sort()
  await bench.git(['config', 'core.compression', '0'])
  await bench.git(['config', 'pack.window', '0'])
  for (let index = 0; index < 6; index += 1) {
    await bench.commit(`big${index}`, randomBytes(4_000_000).toString('latin1'))
  }
  const { child, outcome } = bench.launchGit(['push', 'paas', 'main'])
  const ssh = await sshBelow(child.pid)
  await vi.waitFor(
    async () => {
      const inside = await readdir(join(bench.repository, 'objects'))
      expect(inside.some((name) => name.startsWith('tmp_objdir'))).toBe(true)
    },
    { timeout: 5000, interval: 5 },
  )
  process.kill(ssh, 'SIGKILL')
  expect((await outcome).code).not.toBe(0)
  await vi.waitFor(async () => {
    expect((await bench.objectFiles()).sort()).toEqual(before)
    expect((await readdir(join(bench.repository, 'objects'))).some((name) => name.startsWith('tmp'))).toBe(
      false,
    )
  }, 10_000)
  expect((await bench.git(['push', '-q', 'paas', 'main'])).code).toBe(0)
})

test("a refused push beside another takes none of the other's objects", async () => {
  const held = Promise.withResolvers<void>()
  const waiting = Promise.withResolvers<void>()
  await using bench = await openTestRepository(async ({ updates }, repository) => {
    if (updates[0]?.ref === 'refs/heads/bad')
      return updates.map(({ ref }) => ({ ref, ok: false, reason: 'no' }))
    waiting.resolve()
    await held.promise
    return accept(repository, updates)
  })
  const good = bench.git(['push', 'paas', 'main:good'])
  await waiting.promise
  await bench.git(['checkout', '-q', '-b', 'bad'])
  await bench.commit('bad', 'x')
  expect((await bench.git(['push', 'paas', 'bad'])).code).toBe(1)
  held.resolve()
  expect((await good).code).toBe(0)
  await bench.onServer('fsck', '--strict')
  expect(await bench.onServer('rev-list', '--count', 'good')).toBe('1')
})

test('colours pass to the pusher, and no other control sequence', async () => {
  await using bench = await openTestRepository(async (push, repository) => {
    push.progress.write(
      '\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x1b[1;1H\x9b5A\x00\x07bell\x1bc \x1bP+q\x1b\\end\r\n',
    )
    return accept(repository, push.updates)
  })
  const { stderr } = await bench.git(['push', 'paas', 'main'])
  expect(stderr).toContain('\x1b[31mred\x1b[0m bell end')
  expect(stderr.replace(/\x1b\[\d*m|\x1b\[K/g, '')).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/)
})

test("the server's environment and the client's do not reach git", async () => {
  await using bench = await openTestRepository()
  vi.stubEnv('GIT_DIR', '/nonexistent')
  vi.stubEnv('GIT_OBJECT_DIRECTORY', '/nonexistent')
  vi.stubEnv('GIT_CONFIG_COUNT', '1')
  vi.stubEnv('GIT_CONFIG_KEY_0', 'receive.procReceiveRefs')
  vi.stubEnv('GIT_CONFIG_VALUE_0', 'refs/none')
  try {
    const { code } = await bench.git(['push', 'paas', 'main'])
    expect(code).toBe(0)
    expect(await bench.onServer('rev-list', '--count', 'main')).toBe('1')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('hidden refs are neither shown nor taken', async () => {
  await using bench = await openTestRepository()
  await bench.git(['push', '-q', 'paas', 'main'])
  await bench.onServer('update-ref', 'refs/paas/releases/v1', 'main')
  expect((await bench.git(['ls-remote', 'paas'])).stdout.toString()).not.toContain('refs/paas')
  expect((await bench.git(['push', 'paas', 'main:refs/paas/mine'])).code).toBe(1)
})

async function blob(bench: TestRepository, content: string): Promise<string> {
  const { stdout } = await bench.git(['hash-object', '-w', '--stdin'], { input: content })
  return stdout.toString().trim()
}

/** The ssh below a git, through the shell that git runs it with; killing git alone would let it live. */
function sshBelow(pid: number | undefined): Promise<number> {
  return vi.waitFor(async () => {
    let below = [Number(pid)]
    while (below.length > 0) {
      const lists = await Promise.all(
        below.map((each) => readFile(`/proc/${each}/task/${each}/children`, 'utf8')),
      )
      below = lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number))
      for (const each of below) {
        if ((await readFile(`/proc/${each}/comm`, 'utf8')).trim() === 'ssh') return each
      }
    }
    throw new Error('no ssh yet')
  }, 5000)
}
