import { existsSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { PaasError, UserError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import { ensureBaseImages } from './base-images.ts'
import { up } from './bring-up.ts'
import { checkout } from './instance.ts'
import { say } from './say.ts'

/** A running server and a developer's repository, driven by the real git and ssh, as a person would type it. */
export type Demonstration = {
  readonly settings: Settings
  readonly sshCommand: string
  /** Where an app's page is. */
  url(app: string): string
  /** Does `work` under a heading; where it fails, the error names the step. */
  step<Result>(title: string, work: () => Promise<Result>): Promise<Result>
  /** Copies `examples/NAME` into a git repository of this demonstration; from here on `git` works there. */
  copyExample(name: string): Promise<string>
  git(...args: string[]): Promise<void>
  paas(...args: string[]): Promise<void>
}

/** Brings the server up, with the base images of the buildpacks `stacks`. */
export async function startDemonstration(stacks: readonly string[]): Promise<Demonstration> {
  const { settings, places } = await up()
  const sshCommand = `ssh -F '${places.sshConfig.replaceAll("'", "'\\''")}'`
  let repository = places.home
  await ensureBaseImages(settings.dockerHost, stacks)

  const shown = async (program: string, args: string[], env: Record<string, string> = {}): Promise<void> => {
    const running = execa({ all: true, reject: false, stdin: 'ignore', cwd: repository, env })(program, args)
    for await (const line of running.iterable({ from: 'all' })) say.detail(line)
    const { exitCode, message } = await running
    expect(`${program} to end with 0`, `${exitCode ?? message}`, exitCode === 0)
  }
  const git = (...args: string[]): Promise<void> =>
    shown('git', args, {
      GIT_SSH_COMMAND: sshCommand,
      // Nobody's own hooks, signatures or templates.
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...{ GIT_AUTHOR_NAME: 'Demo', GIT_AUTHOR_EMAIL: 'demo@localhost' },
      ...{ GIT_COMMITTER_NAME: 'Demo', GIT_COMMITTER_EMAIL: 'demo@localhost' },
    })
  return {
    settings,
    sshCommand,
    url: (app) => `http://${app}.${settings.domain}:${settings.httpPort}/`,
    step,
    git,
    async copyExample(name) {
      repository = join(places.home, name === 'hello' ? 'demo' : `demo-${name}`)
      await mkdir(repository, { recursive: true, mode: 0o700 })
      await cp(join(checkout, 'examples', name), repository, { recursive: true })
      if (!existsSync(join(repository, '.git'))) await git('init', '--quiet', '--initial-branch=main')
      return repository
    },
    async paas(...args) {
      say.detail(`$ ssh paas ${args.join(' ')}`)
      await shown('ssh', ['-F', places.sshConfig, 'paas', args.join(' ')])
    },
  }
}

/** Throws `UserError` that says what was wanted and what came, unless it `holds`. */
export function expect(wanted: string, got: string, holds: boolean): void {
  if (!holds) throw new UserError(`expected ${wanted}, got ${got || 'nothing'}`)
}

async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  say.step(title)
  const startedAt = performance.now()
  try {
    const result = await work()
    say.detail(`(${((performance.now() - startedAt) / 1000).toFixed(2)} s)`)
    return result
  } catch (error) {
    const reason = error instanceof PaasError ? error.message : `${error}`
    throw new UserError(`The step "${title}" failed: ${reason}`, {
      cause: error,
      next: 'What the server says: make logs',
    })
  }
}
