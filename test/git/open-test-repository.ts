import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRepository } from '../../server/git/create-repository.ts'
import { noObject } from '../../server/git/object-name.ts'
import type { Update, Verdict } from '../../server/git/proc-receive.ts'
import { type Push, receivePack } from '../../server/git/receive-pack.ts'
import { deleteRef, moveRef } from '../../server/git/refs.ts'
import { uploadPack } from '../../server/git/upload-pack.ts'
import { removalsDone } from '../../server/git/visits.ts'
import { type Execution, execute, launch, type Outcome } from '../ssh/execute.ts'
import { openTestDoor, type TestDoor } from '../ssh/open-test-door.ts'

export type TestRepository = AsyncDisposable & {
  readonly bench: TestDoor
  /** The server's bare repository. */
  readonly repository: string
  /** The pusher's clone, with one commit on main and the remote `paas`. */
  readonly work: string
  readonly errors: unknown[]
  /** Runs the pusher's real git; throws nothing. */
  git(args: readonly string[], options?: { cwd?: string; input?: string | Buffer }): Promise<Outcome>
  launchGit(args: readonly string[]): Execution
  /** Runs git on the server's repository and returns its output. Throws when it fails. */
  onServer(...args: string[]): Promise<string>
  /** Commits a file in the pusher's clone and returns the commit. */
  commit(file: string, content: string): Promise<string>
  /** Packs and loose objects on the server. */
  objectFiles(): Promise<string[]>
}

/** Moves or deletes the branches of a push, as a server that accepts all does. */
export async function accept(repository: string, updates: readonly Update[]): Promise<Verdict[]> {
  for (const { ref, from, to } of updates) {
    if (to === noObject) await deleteRef(repository, { ref, from })
    else await moveRef(repository, { ref, from, to })
  }
  return updates.map(({ ref }) => ({ ref, ok: true }))
}

/** A door with one repository behind it. Without `onPush` every branch is accepted. */
export async function openTestRepository(
  onPush?: (push: Push, repository: string) => Promise<readonly Verdict[]>,
): Promise<TestRepository> {
  const errors: unknown[] = []
  let repository = ''
  const bench = await openTestDoor(async (session) => {
    if (session.line.startsWith('git-upload-pack')) return uploadPack({ repository, session })
    return receivePack({
      repository,
      session,
      onPush: (push) => onPush?.(push, repository) ?? accept(repository, push.updates),
      onError: (_ref, error) => errors.push(error),
    })
  })
  repository = join(bench.folder, 'server.git')
  await createRepository(repository)
  const ada = await bench.person('ada')
  const home = join(bench.folder, 'home')
  const work = join(bench.folder, 'work')
  await mkdir(home)
  await mkdir(work)
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_SSH_COMMAND: ['ssh', ...bench.sshArguments(ada.keyFile)].join(' '),
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  }
  const git: TestRepository['git'] = (args, options = {}) =>
    execute('git', args, { cwd: options.cwd ?? work, env, input: options.input ?? '' })
  const commit: TestRepository['commit'] = async (file, content) => {
    await writeFile(join(work, file), content)
    await git(['add', '--', file])
    await git(['commit', '-q', '-m', `Add ${file}`])
    return (await git(['rev-parse', 'HEAD'])).stdout.toString().trim()
  }
  await git(['init', '-q', '-b', 'main'])
  await git(['remote', 'add', 'paas', 'paas@127.0.0.1:blog'])
  await commit('README', 'one\n')
  return {
    bench,
    repository,
    work,
    errors,
    git,
    launchGit: (args) => launch('git', args, { cwd: work, env }),
    onServer: async (...args) => {
      const outcome = await execute('git', ['--git-dir', repository, ...args], { env })
      if (outcome.code !== 0) throw new Error(outcome.stderr)
      return outcome.stdout.toString().trim()
    },
    commit,
    objectFiles: async () => {
      const found = await readdir(join(repository, 'objects'), { recursive: true, withFileTypes: true })
      return found.filter((entry) => entry.isFile() && entry.name !== 'packs').map(({ name }) => name)
    },
    [Symbol.asyncDispose]: async () => {
      await removalsDone(repository)
      await bench[Symbol.asyncDispose]()
    },
  }
}
