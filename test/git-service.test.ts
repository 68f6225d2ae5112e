import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from './apps/static.ts'
import { makeKey, type Ran, startInstance, type TestInstance } from './instance.ts'
import { makeRepository, type Repository } from './repository.ts'

let paas: TestInstance
/** Private keys of two members. */
let ann: string
let bob: string
beforeAll(async () => {
  paas = await startInstance()
  ann = await member('ann')
  bob = await member('bob')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

async function member(name: string): Promise<string> {
  const publicKey = await makeKey(paas.folder, name)
  await paas.ok(`keys:add ${name}`, { input: readFileSync(publicKey) })
  return publicKey.replace(/\.pub$/, '')
}

/** git as the one who has `identity`, who need not be the admin. */
const git = (repository: Repository, identity: string, ...words: string[]): Promise<Ran> =>
  repository.git(words, {
    environment: {
      GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes -i ${identity} -o IdentityFile=none`,
    },
  })

const apps = async (identity: string): Promise<readonly string[]> =>
  (await paas.ok('apps', { identity })).split('\n').filter(Boolean)

test('the first push of a name creates the app, whose admin is the pusher alone', async () => {
  using repository = await makeRepository(staticApp('hers'))
  expect((await git(repository, ann, 'push', 'paas:hers', 'main')).exitCode).toBe(0)
  expect(await apps(ann)).toEqual(['hers'])
  expect(await apps(bob)).toEqual([])
  expect((await paas.ssh('apps:report hers', { identity: bob })).exitCode).toBe(20)
  expect((await paas.ssh('apps:destroy hers --force', { identity: ann })).exitCode).toBe(0)
  expect(await apps(ann)).toEqual([])
})

test('an app of others cannot be cloned, fetched or pushed to, as if it were not there', async () => {
  using repository = await makeRepository(staticApp('hidden'))
  expect((await git(repository, ann, 'push', 'paas:hidden', 'main')).exitCode).toBe(0)
  for (const words of [['ls-remote'], ['clone', '-q'], ['fetch']]) {
    const hidden = await git(repository, bob, ...words, 'paas:hidden')
    const absent = await git(repository, bob, ...words, 'paas:absent')
    expect(hidden.stderr).toContain('There is no app "hidden"')
    expect(hidden.exitCode).toBe(128)
    expect(hidden.stderr.replaceAll('hidden', 'absent')).toBe(absent.stderr)
    expect(hidden.exitCode).toBe(absent.exitCode)
  }
  const commit = await repository.commit(staticApp('his'))
  const push = await git(repository, bob, 'push', 'paas:hidden', 'main')
  expect(push.stderr).toContain('The name "hidden" is taken')
  expect(push.exitCode).toBe(128)
  expect((await git(repository, ann, 'ls-remote', 'paas:hidden')).stdout).not.toContain(commit)
  expect((await paas.get('hidden.localhost')).body).toBe('hidden\n')
  expect(await apps(bob)).toEqual([])
})

test('over ssh the exit codes of git services are those of commands', async () => {
  expect((await paas.ssh("git-upload-pack 'absent'")).exitCode).toBe(20)
  expect((await paas.ssh("git-receive-pack 'Bad_Name'")).exitCode).toBe(1)
  expect((await paas.ssh('git-upload-archive x')).exitCode).toBe(1)
})

test('a push with nothing to push leaves no app behind', async () => {
  using repository = await makeRepository(staticApp('x'))
  const nothing = await repository.push(paas, 'nothing', 'no-such-branch')
  expect(nothing.stderr).toContain('src refspec no-such-branch does not match any')
  expect(nothing.exitCode).toBe(1)
  const dry = await repository.push(paas, 'nothing', 'main', ['--dry-run'])
  expect(dry.exitCode).toBe(0)
  expect((await paas.ssh('apps:exists nothing')).exitCode).toBe(20)
})

test('a first push of nothing but a tag keeps the app that holds it', async () => {
  using repository = await makeRepository(staticApp('x'))
  await repository.git(['tag', 'v1'])
  expect((await repository.push(paas, 'tagged', 'v1')).exitCode).toBe(0)
  expect((await git(repository, ann, 'ls-remote', 'paas:tagged')).exitCode).toBe(128)
  const { stdout } = await repository.git(['ls-remote', 'paas:tagged'], {
    environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig}` },
  })
  expect(stdout).toContain('refs/tags/v1')
})

test('a push of what is there already says so and starts nothing', async () => {
  using repository = await makeRepository(staticApp('same'))
  await repository.push(paas, 'same')
  const again = await repository.push(paas, 'same')
  expect(again.stderr).toContain('Everything up-to-date')
  expect(again.exitCode).toBe(0)
  expect(JSON.parse(await paas.ok('releases same --json'))).toHaveLength(1)
})

test('names that no app can have are refused with the rule, and nothing is created', async () => {
  using repository = await makeRepository(staticApp('x'))
  const before = await paas.ok('apps')
  for (const name of ['Blog', 'a_b', '-x', 'a'.repeat(32), '../../etc', 'a/b', 'x y', '$(id)', '']) {
    const push = await repository.push(paas, name)
    expect(push.exitCode, name).toBe(128)
    expect(push.stderr, name).toMatch(/is no app name|strange (path|hostname|pathname)/)
  }
  expect(await paas.ok('apps')).toBe(before)
})

test('remotes are written as paas:blog, paas:/blog, paas:blog.git and ssh://', async () => {
  using repository = await makeRepository(staticApp('forms'))
  await repository.push(paas, 'forms')
  for (const remote of [
    'paas:/forms',
    'paas:forms.git',
    'paas:/forms.git',
    'ssh://paas/forms',
    'git@paas:forms',
  ]) {
    const heads = await repository.git(['ls-remote', remote], {
      environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
    })
    expect(heads.stdout, remote).toContain('refs/heads/main')
  }
})

test('Git LFS is answered at once, with what to do', async () => {
  const answer = await paas.ssh("git-lfs-authenticate 'same' upload")
  expect(answer.stderr).toContain('Git LFS is not supported')
  expect(answer.stderr).toContain('git lfs migrate export')
  expect(answer.exitCode).not.toBe(0)
})
