import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { Ran, TestInstance } from './instance.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

/** A developer's repository, driven by the real git. */
export type Repository = Disposable & {
  readonly path: string
  /** Writes `files` (a content that begins with `#!` is executable), commits all, returns the commit id. */
  commit(files: Files, message?: string): Promise<string>
  /** Runs git there; never throws for an exit code. */
  git(words: readonly string[], options?: { environment?: Readonly<Record<string, string>> }): Promise<Ran>
  /** `git push [options] paas:APP REFSPEC` through the instance's ssh. */
  push(instance: TestInstance, app: string, refspec?: string, options?: readonly string[]): Promise<Ran>
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
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
  if (Object.keys(files).length > 0) await repository.commit(files)
  return repository
}
