import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { type Ran, type TestInstance, until } from './instance.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

/** A developer's repository, driven by the real git. */
export type Repository = Disposable & {
  readonly path: string
  /** Writes `files` (a content that begins with `#!` is executable), commits all, returns the commit id. */
  commit(files: Files, message?: string): Promise<string>
  /** Runs git there; never throws for an exit code. */
  git(words: readonly string[], options?: { environment?: Readonly<Record<string, string>> }): Promise<Ran>
  /** `git push [options] paas:APP REFSPEC` through the instance's ssh. */
  push(
    instance: Pick<TestInstance, 'sshConfig'>,
    app: string,
    refspec?: string,
    options?: readonly string[],
  ): Promise<Ran>
  /** `push` that is looked at while it goes on. */
  startPush(instance: Pick<TestInstance, 'sshConfig'>, app: string, refspec?: string): PushUnderWay
}

export type PushUnderWay = {
  readonly ended: Promise<Ran>
  /** What git has printed so far. */
  output(): string
  /** Resolves when git has printed `text`; throws when it ends without. */
  saw(text: string): Promise<void>
  /** SIGINT to git and its ssh, as a terminal sends it. */
  interrupt(): void
  /** SIGKILL to git's ssh: the connection is gone without a word. */
  cut(): void
}

export async function makeRepository(files: Files = {}, branch = 'main'): Promise<Repository> {
  const path = mkdtempSync(join(tmpdir(), 'paas-repository-'))
  const git: Repository['git'] = async (words, options = {}) => {
    const result = await execa('git', words, {
      cwd: path,
      env: {
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.com',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.com',
        ...options.environment,
      },
      stdin: 'ignore',
      reject: false,
    })
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 }
  }
  const must = async (...words: string[]): Promise<string> => {
    const ran = await git(words)
    if (ran.exitCode !== 0) throw new Error(`git ${words.join(' ')}: ${ran.stderr}`)
    return ran.stdout
  }
  await must('init', '--quiet', '--initial-branch', branch)
  const repository: Repository = {
    path,
    async commit(changed, message = 'Change') {
      for (const [name, content] of Object.entries(changed)) {
        const file = join(path, name)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, content)
        if (String(content).startsWith('#!')) chmodSync(file, 0o755)
      }
      await must('add', '--all')
      await must('commit', '--quiet', '--allow-empty', '--message', message)
      return must('rev-parse', 'HEAD')
    },
    git,
    push: (instance, app, refspec = branch, options = []) =>
      git(['push', ...options, `paas:${app}`, refspec], {
        environment: { GIT_SSH_COMMAND: `ssh -F ${instance.sshConfig} -o BatchMode=yes` },
      }),
    startPush: (instance, app, refspec = branch) =>
      startPush(path, instance, ['push', `paas:${app}`, refspec]),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
  if (Object.keys(files).length > 0) await repository.commit(files)
  return repository
}

function startPush(
  path: string,
  instance: Pick<TestInstance, 'sshConfig'>,
  words: readonly string[],
): PushUnderWay {
  const git = execa('git', words, {
    cwd: path,
    // With exec git's only child is ssh itself.
    env: {
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_SSH_COMMAND: `exec ssh -F ${instance.sshConfig} -o BatchMode=yes`,
    },
    stdin: 'ignore',
    reject: false,
    detached: true,
  })
  let output = ''
  let over = false
  git.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const ended = git.then((result): Ran => {
    over = true
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 }
  })
  const pid = git.pid ?? 0
  return {
    ended,
    output: () => output,
    async saw(text) {
      await until(`git prints ${text}`, async () => over || output.includes(text))
      if (!output.includes(text)) throw new Error(`git ended without "${text}":\n${output}`)
    },
    interrupt: () => void process.kill(-pid, 'SIGINT'),
    cut: () => {
      const ssh = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
      process.kill(Number(ssh), 'SIGKILL')
    },
  }
}
