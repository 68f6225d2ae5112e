/** The one module that runs git: constant settings and environment, argv arrays, errors translated. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { UnavailableError } from '../errors.ts'

/** A git that ended with another code than 0. */
export class GitFailure extends Error {
  readonly code: number | null
  readonly stderr: string

  constructor(command: string, code: number | null, stderr: string) {
    super(`git ${command} ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-2000)}`)
    this.name = 'GitFailure'
    this.code = code
    this.stderr = stderr
  }
}

/** Runs git to its end and returns its output. Throws `GitFailure`. */
export async function git(
  repository: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal; readonly input?: string } = {},
): Promise<Buffer> {
  const result = await attempt(repository, args, options)
  if (result.code !== 0) throw new GitFailure(args[0] ?? '', result.code, result.error)
  return result.out
}

export type GitProcess = ChildProcess & {
  readonly stdin: NonNullable<ChildProcess['stdin']>
  readonly stdout: Readable
  readonly stderr: Readable
}

export type GitProcessOptions = {
  readonly signal?: AbortSignal
  readonly protocol?: string | undefined
  /** In a session of its own, to be ended as a whole; where the machine is short of CPU, all else comes before it. */
  readonly detached?: boolean
  readonly extraPipes?: number
  /** CPU time and memory of each process, enforced by the kernel. */
  readonly cpuSeconds?: number
  readonly dataBytes?: number
  /** The longest file that it may write, enforced by the kernel. */
  readonly fileBytes?: number
  /** It may speak http and https to others; without, to nobody. */
  readonly outside?: boolean
  /** Settings that are nobody else's business: not in the argument list, which every process of the machine sees. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** Starts git in a repository. The caller ends its stdin and awaits its end. */
export function startGit(
  repository: string,
  args: readonly string[],
  options: GitProcessOptions = {},
): GitProcess {
  const limits = [
    ...(options.cpuSeconds === undefined ? [] : [`--cpu=${options.cpuSeconds}`]),
    ...(options.dataBytes === undefined ? [] : [`--data=${options.dataBytes}`]),
    ...(options.fileBytes === undefined ? [] : [`--fsize=${options.fileBytes}`]),
  ]
  const git = ['git', ...settings.flatMap((setting) => ['-c', setting]), ...args]
  const [command = '', ...argv] = limits.length === 0 ? git : ['prlimit', ...limits, ...git]
  const stdio: StdioOptions = Array<'pipe'>(3 + (options.extraPipes ?? 0)).fill('pipe')
  const child = spawn(command, argv, {
    cwd: repository,
    env: {
      ...environment,
      ...(repository === '/' ? {} : { GIT_DIR: repository }),
      ...(options.protocol === undefined ? {} : { GIT_PROTOCOL: options.protocol }),
      ...(options.outside === true ? { GIT_ALLOW_PROTOCOL: 'http:https' } : {}),
      ...secretSettings(options.secrets ?? {}),
    },
    stdio,
    detached: options.detached ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  for (const stream of child.stdio) stream?.on('error', () => {})
  child.on('error', () => {})
  if (options.detached === true && child.pid !== undefined) comeBehind(child.pid)
  return child as GitProcess
}

/** A session is scheduled as one group, by a priority of its own where the kernel has these: sched(7), autogroup. */
function comeBehind(session: number): void {
  try {
    setPriority(session, niceness)
    writeFileSync(`/proc/${session}/autogroup`, String(niceness))
  } catch {
    // It has ended, or the kernel knows no such groups.
  }
}

/** A tenth of the weight that others have. */
const niceness = 10

const secretSettings = (secrets: Readonly<Record<string, string>>): Record<string, string> => ({
  GIT_CONFIG_COUNT: String(Object.keys(secrets).length),
  ...Object.fromEntries(
    Object.entries(secrets).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
})

/** Resolves with the exit code (null: ended by a signal). Throws `UnavailableError` where git is missing. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        reject(new UnavailableError('git is missing', { next: 'apt-get install git', cause: error }))
      } else if (child.pid === undefined) reject(error)
    })
    child.once('close', (code) => resolve(code))
  })
}

/** Runs git to its end, whatever its exit code. */
export async function attempt(
  repository: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal; readonly input?: string } = {},
): Promise<{ readonly code: number | null; readonly out: Buffer; readonly error: string }> {
  const child = startGit(repository, args, options.signal === undefined ? {} : { signal: options.signal })
  child.stdin.end(options.input ?? '')
  const [code, out, error] = await Promise.all([exitOf(child), buffer(child.stdout), text(child.stderr)])
  options.signal?.throwIfAborted()
  return { code, out, error }
}

/** Resolves when git has ended well. Throws `GitFailure`. */
export async function finished(child: GitProcess, command: string): Promise<void> {
  const [code, error] = await Promise.all([exitOf(child), text(child.stderr)])
  if (code !== 0) throw new GitFailure(command, code, error)
}

const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_LITERAL_PATHSPECS: '1',
}

// Found in old honest repositories.
export const harmless: readonly string[] = [
  'zeroPaddedFilemode',
  'badTimezone',
  'missingSpaceBeforeDate',
  'missingEmail',
  'missingSpaceBeforeEmail',
  'missingNameBeforeEmail',
  'multipleAuthors',
  'gitmodulesParse',
]

// Given with each call rather than written into repositories: old ones follow when we change our mind.
const settings: readonly string[] = [
  `core.hooksPath=${fileURLToPath(new URL('../../hooks', import.meta.url))}`,
  'core.fsync=committed',
  'core.fsyncMethod=batch',
  // Larger blobs are streamed instead of held in memory.
  'core.bigFileThreshold=16m',
  'gc.auto=0',
  'transfer.hideRefs=refs/paas',
  'receive.autogc=false',
  'receive.procReceiveRefs=refs/heads',
  'receive.advertiseAtomic=true',
  'receive.advertisePushOptions=true',
  'receive.shallowUpdate=true',
  'receive.denyDeleteCurrent=refuse',
  'receive.maxInputSize=2g',
  'receive.fsckObjects=true',
  'fetch.fsckObjects=true',
  ...harmless.flatMap((id) => [`receive.fsck.${id}=warn`, `fetch.fsck.${id}=warn`]),
  'uploadpack.allowFilter=true',
]
