import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { UserError } from '../errors.ts'
import { GitFailure, git } from './git.ts'
import { packetLength } from './pkt-line.ts'

/**
 * Passes a push through untouched and notes the commits at which the pusher's history ends: git does not tell them
 * to the proc-receive hook.
 */
export class ShallowSniffer extends Transform {
  readonly commits: string[] = []
  #head: Buffer | undefined = Buffer.alloc(0)

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    if (this.#head !== undefined) {
      this.#head = Buffer.concat([this.#head, chunk])
      this.#read()
    }
    done(null, chunk)
  }

  #read(): void {
    while (this.#head !== undefined && this.#head.length >= 4) {
      const length = lengthOr0(this.#head)
      if (length > this.#head.length) return
      const line = this.#head.toString('latin1', 4, length)
      this.#head = length === 0 || this.commits.length > 100_000 ? undefined : this.#head.subarray(length)
      const commit = /^shallow ([0-9a-f]{40})\n?$/.exec(line)?.[1]
      if (commit !== undefined) this.commits.push(commit)
    }
  }
}

/**
 * Marks where the history of a shallow push ends, so that the repository stays sound; then checks that all else
 * which the new tips need is there. git does both only for refs that it moves itself.
 * Throws `UserError` when objects are missing.
 */
export async function adoptShallow(
  repository: string,
  push: {
    readonly shallow: readonly string[]
    readonly tips: readonly string[]
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { shallow, tips, signal } = push
  if (shallow.length === 0 || tips.length === 0) return
  const ends = await withoutParents(repository, shallow, signal)
  if (ends.length > 0) await addToShallowFile(repository, ends)
  try {
    const input = `${tips.join('\n')}\n`
    await git(repository, ['rev-list', '--objects', '--quiet', '--stdin', '--not', '--all'], {
      signal,
      input,
    })
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    throw new UserError('objects are missing in this shallow push: git fetch --unshallow, then push again', {
      cause: error,
    })
  }
}

/** Of these commits those that are here, but not all of their parents. */
async function withoutParents(
  repository: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const input = `${commits.join('\n')}\n`
  const known = await lines(repository, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input,
    signal,
  })
  const here = known.filter((line) => line.endsWith(' commit')).map((line) => line.slice(0, 40))
  const ends: string[] = []
  for (const commit of here) {
    const raw = (await git(repository, ['cat-file', 'commit', commit], { signal })).toString('latin1')
    const parents = [...(raw.split('\n\n', 1)[0] ?? '').matchAll(/^parent ([0-9a-f]{40})$/gm)].map(
      ([, parent]) => parent ?? '',
    )
    if (parents.length === 0) continue
    const found = await lines(repository, ['cat-file', '--batch-check=%(objecttype)'], {
      input: `${parents.join('\n')}\n`,
      signal,
    })
    if (found.some((line) => line !== 'commit')) ends.push(commit)
  }
  return ends
}

/** Under git's own lock, as git does it. */
async function addToShallowFile(repository: string, commits: readonly string[]): Promise<void> {
  const path = join(repository, 'shallow')
  const lock = `${path}.lock`
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(lock, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UserError('another shallow push is under way: push again', { cause: error })
  }
  try {
    const present = (await readIfThere(path)).split('\n').filter((line) => line !== '')
    await file.writeFile([...new Set([...present, ...commits]), ''].join('\n'))
    await file.sync()
    await rename(lock, path)
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

async function lines(
  repository: string,
  args: readonly string[],
  options: { readonly input: string; readonly signal: AbortSignal },
): Promise<string[]> {
  return (await git(repository, args, options)).toString().split('\n').slice(0, -1)
}

function lengthOr0(head: Buffer): number {
  try {
    return packetLength(head.subarray(0, 4))
  } catch {
    // git itself refuses what is malformed.
    return 0
  }
}
