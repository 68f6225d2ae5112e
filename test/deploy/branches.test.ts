import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { makeGates } from '../gate.ts'
import { type Ran, startInstance, type TestInstance } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let gateOf: ReturnType<typeof makeGates>
beforeAll(async () => {
  paas = await startInstance()
  gateOf = makeGates(paas, 'received')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

/** git against the instance. */
const git = (repository: Repository, ...words: string[]): Promise<Ran> =>
  repository.git(words, { environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` } })

/** Name -> commit, as anybody sees it from outside. */
async function refs(repository: Repository, app: string): Promise<Record<string, string>> {
  const { stdout } = await git(repository, 'ls-remote', `paas:${app}`)
  const lines = stdout.split('\n').filter(Boolean)
  return Object.fromEntries(lines.map((line) => line.split('\t').reverse() as [string, string]))
}

const page = async (app: string): Promise<string> => (await paas.get(`${app}.localhost`)).body.trim()

test('the first of main and master that comes is the deploy branch; others are stored and say so', async () => {
  using repository = await makeRepository(staticApp('feature'), 'feature')
  const feature = await repository.push(paas, 'first')
  expect(feature.stderr).toContain('feature is stored and not deployed: the deploy branch is main or master')
  expect(feature.exitCode).toBe(0)
  expect(JSON.parse(await paas.ok('releases first --json'))).toEqual([])

  await git(repository, 'checkout', '-qb', 'master')
  await repository.commit(staticApp('master'))
  expect((await git(repository, 'push', 'paas:first', 'master')).exitCode).toBe(0)
  expect(await page('first')).toBe('master')

  await git(repository, 'checkout', '-qb', 'main')
  const main = await repository.commit(staticApp('main'))
  const stored = await git(repository, 'push', 'paas:first', 'main')
  expect(stored.stderr).toContain('main is stored and not deployed: the deploy branch is master')
  expect(stored.exitCode).toBe(0)
  expect(await page('first')).toBe('master')
  expect(await refs(repository, 'first')).toMatchObject({ 'refs/heads/main': main })
})

test('git:set deploy-branch names another branch, which deploys from then on', async () => {
  using repository = await makeRepository(staticApp('one'))
  await repository.push(paas, 'chosen')
  await paas.ok('git:set chosen deploy-branch production')
  await repository.commit(staticApp('two'))
  expect((await repository.push(paas, 'chosen')).stderr).toContain(
    'main is stored and not deployed: the deploy branch is production',
  )
  expect(await page('chosen')).toBe('one')
  expect((await repository.push(paas, 'chosen', 'main:production')).exitCode).toBe(0)
  expect(await page('chosen')).toBe('two')
})

test('a clone checks out what is deployed, whatever the branch is called, and a fetch brings what is new', async () => {
  using repository = await makeRepository(staticApp('cloned'), 'master')
  await repository.push(paas, 'source')
  using clone = await makeRepository()
  expect((await git(clone, 'clone', '-q', 'paas:source', 'there')).exitCode).toBe(0)
  expect(existsSync(join(clone.path, 'there', 'www', 'index.html'))).toBe(true)
  const next = await repository.commit(staticApp('newer'))
  await repository.push(paas, 'source')
  expect((await git(clone, '-C', 'there', 'fetch', '-q')).exitCode).toBe(0)
  expect((await git(clone, '-C', 'there', 'rev-parse', 'origin/master')).stdout).toBe(next)
})

test('the deploy branch is not deleted by a push; another branch is', async () => {
  using repository = await makeRepository(staticApp('kept'))
  await git(repository, 'branch', 'side')
  await git(repository, 'push', 'paas:deletes', 'main', 'side')
  const before = await refs(repository, 'deletes')

  const refused = await git(repository, 'push', 'paas:deletes', ':main')
  expect(refused.stderr).toContain('! [remote rejected] main (main is the deploy branch and stays)')
  expect(refused.stderr).toContain('git:set deletes deploy-branch NAME')
  expect(refused.exitCode).toBe(1)
  expect(await refs(repository, 'deletes')).toEqual(before)

  const deleted = await git(repository, 'push', 'paas:deletes', ':side')
  expect(deleted.stderr).toContain('side is deleted')
  expect(deleted.exitCode).toBe(0)
  expect(Object.keys(await refs(repository, 'deletes'))).toEqual(['HEAD', 'refs/heads/main'])
  expect(await page('deletes')).toBe('kept')
})

test('tags are stored and deleted and deploy nothing', async () => {
  using repository = await makeRepository(staticApp('tagged'))
  await git(repository, 'tag', '-a', 'v1', '-m', 'First')
  await git(repository, 'push', 'paas:tags', 'main', 'v1')
  expect(Object.keys(await refs(repository, 'tags'))).toContain('refs/tags/v1')
  await git(repository, 'tag', 'v2')
  const push = await git(repository, 'push', 'paas:tags', '--tags')
  expect(push.stderr).not.toContain('Building')
  expect(push.exitCode).toBe(0)
  await git(repository, 'push', 'paas:tags', ':v1')
  expect(Object.keys(await refs(repository, 'tags'))).toEqual(['HEAD', 'refs/heads/main', 'refs/tags/v2'])
  expect(JSON.parse(await paas.ok('releases tags --json'))).toHaveLength(1)
})

test('a force push deploys a history that does not contain what serves', async () => {
  using repository = await makeRepository(staticApp('one'))
  await repository.push(paas, 'forced')
  await git(repository, 'commit', '-q', '--amend', '-m', 'Another')
  const commit = await repository.commit(staticApp('two'))
  expect((await repository.push(paas, 'forced')).stderr).toContain('non-fast-forward')
  expect(await page('forced')).toBe('one')
  expect((await repository.push(paas, 'forced', 'main', ['--force'])).exitCode).toBe(0)
  expect(await page('forced')).toBe('two')
  expect(await refs(repository, 'forced')).toMatchObject({ 'refs/heads/main': commit })
})

test('an atomic push with a branch that is refused deploys nothing and moves nothing', async () => {
  using repository = await makeRepository(staticApp('one'))
  await repository.push(paas, 'atomic')
  const before = await refs(repository, 'atomic')
  const commit = await repository.commit(staticApp('two'))
  await git(repository, 'tag', 'v2')
  await git(repository, 'update-index', '--add', '--cacheinfo', `160000,${commit},library`)
  await git(repository, 'commit', '-qm', 'Submodule')
  await git(repository, 'branch', 'broken')
  await git(repository, 'reset', '-q', '--hard', commit)

  const push = await git(repository, 'push', '--atomic', 'paas:atomic', 'main', 'broken', 'v2')
  expect(push.stderr).toContain('main -> main (atomic push: another ref was refused)')
  expect(push.stderr).toContain('"library" is a submodule')
  expect(push.exitCode).toBe(1)
  expect(await refs(repository, 'atomic')).toEqual(before)
  expect(await page('atomic')).toBe('one')
  expect(JSON.parse(await paas.ok('releases atomic --json'))).toHaveLength(1)
})

test('an atomic push whose deploy fails stores no other branch and no tag', async () => {
  using repository = await makeRepository(staticApp('one'))
  await repository.push(paas, 'whole')
  const before = await refs(repository, 'whole')
  await repository.commit({ Dockerfile: 'FROM paas/busybox\nRUN exit 3\n' })
  await git(repository, 'branch', 'side')
  await git(repository, 'tag', 'v2')
  const push = await git(repository, 'push', '--atomic', 'paas:whole', 'main', 'side', 'v2')
  expect(push.exitCode).toBe(1)
  expect(await refs(repository, 'whole')).toEqual(before)
})

test('an atomic push that is good deploys and stores all of it', async () => {
  using repository = await makeRepository(staticApp('one'))
  await git(repository, 'branch', 'side')
  await git(repository, 'tag', 'v1')
  expect((await git(repository, 'push', '--atomic', 'paas:together', 'main', 'side', 'v1')).exitCode).toBe(0)
  expect(Object.keys(await refs(repository, 'together'))).toEqual([
    'HEAD',
    'refs/heads/main',
    'refs/heads/side',
    'refs/tags/v1',
  ])
  expect(await page('together')).toBe('one')
})

test('of several branches the good ones count where the push is not atomic', async () => {
  using repository = await makeRepository({ Dockerfile: 'FROM paas/busybox\nRUN exit 3\n' })
  await git(repository, 'branch', 'side')
  const push = await git(repository, 'push', 'paas:partly', 'main', 'side')
  expect(push.exitCode).toBe(1)
  expect(Object.keys(await refs(repository, 'partly'))).toEqual(['refs/heads/side'])
})

test('push options do not disturb', async () => {
  using repository = await makeRepository(staticApp('options'))
  const push = await repository.push(paas, 'options', 'main', ['-o', 'ci.skip', '-o', 'a=b c'])
  expect(push.exitCode).toBe(0)
  expect(await page('options')).toBe('options')
})

test('a shallow clone pushes to the app it came from, and first into a new app', async () => {
  using repository = await makeRepository(staticApp('deep'))
  await repository.commit({})
  await repository.push(paas, 'deep')
  using clone = await makeRepository()
  await git(clone, 'clone', '-q', '--depth', '1', 'paas:deep', 'there')
  writeFileSync(join(clone.path, 'there', 'www', 'index.html'), 'shallow\n')
  await git(clone, '-C', 'there', 'commit', '-qam', 'Shallow')
  expect((await git(clone, '-C', 'there', 'push', 'origin', 'main')).exitCode).toBe(0)
  expect(await page('deep')).toBe('shallow')
  expect((await git(clone, '-C', 'there', 'push', 'paas:shallow', 'main')).exitCode).toBe(0)
  expect(await page('shallow')).toBe('shallow')
  expect((await git(clone, 'clone', '-q', 'paas:shallow', 'back')).exitCode).toBe(0)
})

test('names that cannot be branches are refused', async () => {
  using repository = await makeRepository(staticApp('names'))
  await repository.push(paas, 'names')
  for (const name of ['-x', 'HEAD']) {
    const push = await git(repository, 'push', 'paas:names', `HEAD:refs/heads/${name}`)
    expect(push.stderr).toContain('(not a valid branch name)')
    expect(push.exitCode).toBe(1)
  }
  const beside = await git(repository, 'push', 'paas:names', 'HEAD:refs/heads/main/sub')
  expect(beside.stderr).toContain('main/sub cannot stand beside main')
  expect(beside.exitCode).toBe(1)
  expect(Object.keys(await refs(repository, 'names'))).toEqual(['HEAD', 'refs/heads/main'])
})

/** Pushes `first`; once that holds the app also `second`, which has said that it waits when `first` goes on. */
async function together(app: string, first: Repository, second: Repository): Promise<[Ran, Ran]> {
  const gate = gateOf(app)
  gate.shut()
  const one = first.startPush(paas, app)
  await gate.reached()
  const two = second.startPush(paas, app)
  await two.saw('Waiting: admin holds the app (push, deploy ')
  gate.open()
  return [await one.ended, await two.ended]
}

test('of two pushes at once the second waits, says for whom, and is refused where it lacks the first', async () => {
  using first = await makeRepository(staticApp('first'))
  await first.push(paas, 'both')
  using second = await makeRepository()
  await git(second, 'pull', '-q', 'paas:both', 'main')
  await first.commit(staticApp('mine'))
  await second.commit(staticApp('theirs'))
  const [one, two] = await together('both', first, second)
  expect(one.exitCode).toBe(0)
  expect(two.stderr).toContain('(Somebody else pushed to this branch first)')
  expect(two.stderr).toContain('git pull, then push again')
  expect(two.stderr).toContain('v2 keeps serving')
  expect(two.exitCode).toBe(1)
  expect(await page('both')).toBe('mine')
})

test('of two pushes at once the second deploys where it contains the first', async () => {
  using first = await makeRepository(staticApp('first'))
  await first.push(paas, 'onward')
  await first.commit(staticApp('middle'))
  using second = await makeRepository()
  await git(second, 'pull', '-q', first.path, 'main')
  const last = await second.commit(staticApp('last'))
  const [one, two] = await together('onward', first, second)
  expect(one.exitCode).toBe(0)
  expect(two.exitCode).toBe(0)
  expect(await page('onward')).toBe('last')
  expect(await refs(second, 'onward')).toMatchObject({ 'refs/heads/main': last })
})

test('the same commit pushed twice at once is deployed once', async () => {
  using repository = await makeRepository(staticApp('first'))
  await repository.push(paas, 'twice')
  await repository.commit(staticApp('once'))
  const [one, two] = await together('twice', repository, repository)
  expect(one.exitCode).toBe(0)
  expect(two.stderr).toContain('is deployed already')
  expect(two.exitCode).toBe(0)
  expect(JSON.parse(await paas.ok('releases twice --json'))).toHaveLength(2)
})
