/** The one module that runs git: constant settings and environment, argv arrays, errors translated. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { UnavailableError, UserError } from '../errors.ts'

/** 40 zeros: "there is no such ref". */
export const noObject = '0'.repeat(40)

export type TreeEntry = {
  readonly mode: string
  readonly type: 'blob' | 'tree' | 'commit'
  readonly object: string
  /** Bytes of a blob, else 0. */
  readonly size: number
  readonly path: Buffer
}

/** Makes an empty bare repository whose HEAD is main. Whole or not at all; fails when `path` exists. */
export async function createRepository(path: string): Promise<void> {
  const half = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    await git('/', ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '--', half])
    await rename(half, path)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

/**
 * Moves a ref if it still is where it was seen; `noObject` as `from` means that it must not exist. One that is at
 * `to` already stays, so that a deploy may be finished twice.
 * Throws `UserError` when it has moved meanwhile, or when its name cannot stand beside another's.
 */
export async function moveRef(
  repository: string,
  move: { readonly ref: string; readonly from: string; readonly to: string },
): Promise<void> {
  const { from, to } = move
  await updateRef(repository, move.ref, [ref(move.ref), objectName(to), objectName(from)], { from, to })
}

/** Deletes a ref if it still is at `from`. Throws `UserError` when it has moved meanwhile. */
export async function deleteRef(
  repository: string,
  deletion: { readonly ref: string; readonly from: string },
): Promise<void> {
  const { from } = deletion
  await updateRef(repository, deletion.ref, ['-d', ref(deletion.ref), objectName(from)], {
    from,
    to: noObject,
  })
}

/** The commit that a branch, tag or commit name stands for; undefined where there is none. */
export async function resolve(repository: string, revision: string): Promise<string | undefined> {
  // It is made by the first push.
  if (!existsSync(repository)) return undefined
  if (!/^(?!.*(\.\.|@\{))[A-Za-z0-9_][\w./@+-]{0,200}$/.test(revision)) return undefined
  const result = await attempt(repository, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ])
  const commit = result.out.toString().trim()
  return result.code === 0 && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined
}

/** Whether every commit of `ancestor` is in `descendant`; both are in the repository. A commit contains itself. */
export async function isAncestor(
  repository: string,
  commits: { readonly ancestor: string; readonly descendant: string },
): Promise<boolean> {
  const { ancestor, descendant } = commits
  const result = await attempt(repository, [
    'merge-base',
    '--is-ancestor',
    objectName(ancestor),
    objectName(descendant),
  ])
  if (result.code === 0 || result.code === 1) return result.code === 0
  throw new GitFailure('merge-base', result.code, result.error)
}

/** How many commits are in the one and not in the other; null where the repository has not both. */
export async function countCommits(
  repository: string,
  { of, without }: { readonly of: string; readonly without: string },
): Promise<number | null> {
  const range = [objectName(of), `^${objectName(without)}`]
  const result = await attempt(repository, ['rev-list', '--count', ...range])
  return result.code === 0 ? Number(result.out.toString()) : null
}

/** Whether a branch, tag or any other ref is there. */
export async function hasRefs(repository: string): Promise<boolean> {
  return (await git(repository, ['for-each-ref', '--count=1'])).length > 0
}

/** Points HEAD at a branch: what a clone checks out. */
export async function setHead(repository: string, branch: string): Promise<void> {
  await git(repository, ['symbolic-ref', 'HEAD', ref(`refs/heads/${branch}`)])
}

/** The tree of a folder in a commit, to be listed, read and archived as a commit is; undefined: no such folder. */
export async function treeOf(
  repository: string,
  commit: string,
  folder: string,
): Promise<string | undefined> {
  const out = await git(repository, ['ls-tree', '-d', '-z', '--full-tree', objectName(commit), '--', folder])
  return /^040000 tree ([0-9a-f]{40})\t/.exec(out.toString())?.[1]
}

/** Makes a commit of a tree, or of another commit's tree, that no ref reaches yet. */
export async function commitTree(
  repository: string,
  commit: {
    readonly tree: string
    readonly parent: string | undefined
    readonly who: string
    readonly message: string
  },
): Promise<string> {
  const { tree, parent, who, message } = commit
  const identity = ['-c', `user.name=${who}`, '-c', `user.email=${who}@localhost`]
  const parents = parent === undefined ? [] : ['-p', objectName(parent)]
  const words = ['commit-tree', ...parents, '-F', '-', `${objectName(tree)}^{tree}`]
  return (await git(repository, [...identity, ...words], { input: message })).toString().trim()
}

/**
 * A commit's files as a tar stream. `.gitattributes` counts: export-ignore leaves files out.
 * @returns `done` rejects when the archive is not whole, so check it before you use what came
 */
export function archive(
  repository: string,
  commit: string,
  signal?: AbortSignal,
): { readonly stream: Readable; readonly done: Promise<void> } {
  // Build caches depend on the mode: without the umask git writes 0664 and 0775.
  const child = startGit(
    repository,
    ['-c', 'tar.umask=0022', 'archive', '--format=tar', objectName(commit)],
    signal === undefined ? {} : { signal },
  )
  child.stdin.end()
  // A small tree may be through before the signal reaches git.
  const done = finished(child, 'archive').then(() => signal?.throwIfAborted())
  done.catch(() => {})
  return { stream: child.stdout, done }
}

/**
 * Every entry of a commit's tree, parents before children. Nothing of the tree is held, and leaving the loop ends git,
 * so a tree of any size may be counted.
 */
export async function* listTree(
  repository: string,
  commit: string,
  options: { readonly signal?: AbortSignal; readonly cpuSeconds?: number } = {},
): AsyncGenerator<TreeEntry, void, undefined> {
  const child = startGit(repository, ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', objectName(commit)], {
    ...options,
    dataBytes: 512 * 1024 * 1024,
  })
  child.stdin.end()
  const done = finished(child, 'ls-tree')
  done.catch(() => {})
  try {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let start = 0
      for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0, start)) {
        yield treeEntry(data.subarray(start, end))
        start = end + 1
      }
      rest = data.subarray(start)
    }
    await done
  } finally {
    // It only reads.
    child.kill('SIGKILL')
  }
}

/** The first bytes of a file in a commit; undefined where there is no such file. */
export async function readFile(
  repository: string,
  file: { readonly commit: string; readonly path: string; readonly maxBytes: number },
): Promise<{ readonly content: Buffer; readonly whole: boolean } | undefined> {
  const child = startGit(repository, ['cat-file', 'blob', `${objectName(file.commit)}:${file.path}`])
  child.stdin.end()
  const done = finished(child, 'cat-file')
  done.catch(() => {})
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > file.maxBytes) break
  }
  child.kill('SIGKILL')
  if (length > file.maxBytes) {
    return { content: Buffer.concat(chunks).subarray(0, file.maxBytes), whole: false }
  }
  try {
    await done
  } catch (error) {
    if (error instanceof GitFailure && error.code === 128) return undefined
    throw error
  }
  return { content: Buffer.concat(chunks), whole: true }
}

/**
 * Removes what no ref reaches, packs included, and left-overs of pushes that were cut off. Only when no push to this
 * repository is under way: `receivePack` takes care of its own.
 */
export async function prune(
  repository: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  // `git prune` alone leaves unreachable objects that came in a pack.
  await git(repository, ['repack', '-a', '-d', '-l', '-q', '--no-write-bitmap-index'], options)
  await git(repository, ['prune', '--expire=now'], options)
}

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
  /** In a process group of its own, to be ended as a whole. */
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
  return child as GitProcess
}

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

async function attempt(
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

async function updateRef(
  repository: string,
  name: string,
  args: string[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const result = await attempt(repository, ['update-ref', '--no-deref', ...args])
  if (result.code === 0) return
  const seen = await attempt(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', name])
  const now = seen.out.toString().trim() || noObject
  if (now === to) return
  const branch = name.replace(/^refs\/(heads|tags)\//, '')
  if (now !== from) {
    throw new UserError(`${branch} has moved meanwhile`, { next: 'git fetch, then push again' })
  }
  const rival = /'(refs\/[^']+)' exists; cannot create/.exec(result.error)?.[1]
  if (rival !== undefined) {
    throw new UserError(`${branch} cannot stand beside ${rival.replace(/^refs\/heads\//, '')}`, {
      next: `Choose another name, or delete the other first`,
    })
  }
  throw new GitFailure('update-ref', result.code, result.error)
}

function treeEntry(line: Buffer): TreeEntry {
  const tab = line.indexOf(9)
  const [mode = '', type = '', object = '', size = ''] = line.subarray(0, tab).toString('latin1').split(/ +/)
  return {
    mode,
    type: type as TreeEntry['type'],
    object,
    size: size === '-' ? 0 : Number(size),
    path: line.subarray(tab + 1),
  }
}

function ref(name: string): string {
  if (!/^refs\/[^\s\0-\x1f\x7f~^:?*[\\]+$/.test(name)) throw new UserError(`"${name}" is no full ref name`)
  return name
}

function objectName(name: string): string {
  if (!/^[0-9a-f]{40}$/.test(name)) throw new Error(`"${name}" is no object name`)
  return name
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
