import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { git } from './git.ts'
import { packetLength } from './pkt-line.ts'

/**
 * Passes on what a pusher sends to `git receive-pack`, and takes a shallow clone's boundary out of it: git itself
 * (2.39) dies when a shallow push meets the proc-receive hook. The boundary is marked in the repository before git
 * sees the first command, so that git's own checks hold and the repository stays sound.
 */
export class ShallowGate extends Transform {
  readonly #repository: string
  readonly #signal: AbortSignal
  readonly #commits: string[] = []
  #head: Buffer | undefined = Buffer.alloc(0)

  constructor(repository: string, signal: AbortSignal) {
    super()
    this.#repository = repository
    this.#signal = signal
  }

  /** The boundary that was taken out. */
  get commits(): readonly string[] {
    return this.#commits
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    if (this.#head === undefined) {
      done(null, chunk)
      return
    }
    this.#head = Buffer.concat([this.#head, chunk])
    let commit = boundary(this.#head)
    while (commit !== undefined && commit !== 'incomplete' && this.#commits.length < 1000) {
      this.#commits.push(commit)
      this.#head = this.#head.subarray(shallowPacketLength(this.#head) ?? 0)
      commit = boundary(this.#head)
    }
    if (commit === 'incomplete') {
      done()
      return
    }
    const rest = this.#head
    this.#head = undefined
    markBoundary(this.#repository, this.#commits, this.#signal).then(
      () => done(null, rest),
      (error: unknown) => done(error as Error),
    )
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#head)
  }
}

/**
 * Takes back the marks that a push did not need, when its objects are here: of commits that did not come, and of
 * those whose parents the server has with all their history.
 */
export async function unmarkNeedless(
  repository: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (commits.length === 0) return
  const types = await lines(repository, '%(objecttype)', commits, signal)
  const needless = new Set<string>()
  for (const [index, commit] of commits.entries()) {
    if (types[index] !== 'commit' || (await hasWholeHistory(repository, commit, signal))) needless.add(commit)
  }
  if (needless.size === 0) return
  await editShallowFile(repository, (present) => present.filter((each) => !needless.has(each)), signal)
}

/** The commit of a leading "shallow" packet; undefined where the first packet is another. */
function boundary(head: Buffer): string | 'incomplete' | undefined {
  const length = shallowPacketLength(head)
  if (length === undefined) return head.length < 4 ? 'incomplete' : undefined
  if (head.length < length) return 'incomplete'
  return /^shallow ([0-9a-f]{40})\n?$/.exec(head.toString('latin1', 4, length))?.[1]
}

/** Of the first packet, where it may be a "shallow" one. */
function shallowPacketLength(head: Buffer): number | undefined {
  if (head.length < 4) return undefined
  try {
    const length = packetLength(head.subarray(0, 4))
    return length === 52 || length === 53 ? length : undefined
  } catch {
    // What is malformed git itself refuses.
    return undefined
  }
}

/** Only commits whose history really is not here: nobody shortens one that is. */
async function markBoundary(
  repository: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (commits.length === 0) return
  const types = await lines(repository, '%(objecttype)', commits, signal)
  const ends: string[] = []
  for (const [index, commit] of commits.entries()) {
    if (types[index] !== 'commit' || !(await hasParents(repository, commit, signal))) ends.push(commit)
  }
  if (ends.length === 0) return
  await editShallowFile(repository, (present) => [...new Set([...present, ...ends])], signal)
}

async function hasParents(repository: string, commit: string, signal: AbortSignal): Promise<boolean> {
  const parents = await parentsOf(repository, commit, signal)
  return (await lines(repository, '%(objecttype)', parents, signal)).every((type) => type === 'commit')
}

/** What a ref reaches is whole; what is merely there may be left over. */
async function hasWholeHistory(repository: string, commit: string, signal: AbortSignal): Promise<boolean> {
  if (!(await hasParents(repository, commit, signal))) return false
  for (const parent of await parentsOf(repository, commit, signal)) {
    const refs = await git(repository, ['for-each-ref', '--count=1', '--contains', parent], { signal })
    if (refs.length === 0) return false
  }
  return true
}

async function parentsOf(repository: string, commit: string, signal: AbortSignal): Promise<string[]> {
  const raw = (await git(repository, ['cat-file', 'commit', commit], { signal })).toString('latin1')
  const header = raw.split('\n\n', 1)[0] ?? ''
  return [...header.matchAll(/^parent ([0-9a-f]{40})$/gm)].map(([, parent]) => parent ?? '')
}

/** Under git's own lock, as git does it. */
async function editShallowFile(
  repository: string,
  edit: (present: readonly string[]) => readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const path = join(repository, 'shallow')
  const lock = `${path}.lock`
  const file = await openLock(lock, signal)
  try {
    const edited = edit((await readIfThere(path)).split('\n').filter((line) => line !== ''))
    await file.writeFile(edited.map((commit) => `${commit}\n`).join(''))
    await file.sync()
    // git takes an empty file for a shallow repository too.
    if (edited.length === 0) await rm(path, { force: true })
    else await rename(lock, path)
  } finally {
    await file.close()
    await rm(lock, { force: true })
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

async function openLock(path: string, signal: AbortSignal): Promise<Awaited<ReturnType<typeof open>>> {
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await open(path, 'wx')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (await isStale(path)) await rm(path, { force: true })
      if (attempts === 50) {
        throw new UserError('Another shallow push is under way', { next: 'Push again', cause: error })
      }
    }
    await delay(100, undefined, { signal })
  }
}

/** Its holder needs milliseconds; one that is a minute old was left by a process that was killed. */
async function isStale(lock: string): Promise<boolean> {
  const age = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
  return age > 60_000
}

async function lines(
  repository: string,
  format: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const input = objects.map((object) => `${object}\n`).join('')
  const out = await git(repository, ['cat-file', `--batch-check=${format}`], { input, signal })
  return out.toString().split('\n').slice(0, -1)
}
