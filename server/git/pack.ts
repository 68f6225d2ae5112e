import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../errors.ts'
import { exitOf, finished, GitFailure, git, harmless, startGit } from './git.ts'

const mostPackBytes = 2 * 1024 ** 3

/** Branches and tags by full name, with what they name; none where the repository is shallow: its pack would not be whole. */
export async function refsOf(repository: string): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(repository) || existsSync(join(repository, 'shallow'))) return {}
  const format = '--format=%(objectname) %(refname)'
  const lines = (await git(repository, ['for-each-ref', format, 'refs/heads', 'refs/tags'])).toString()
  return Object.fromEntries(
    lines
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(41), line.slice(0, 40)]),
  )
}

/** Writes a pack of these objects and all that they stand on to `output`, which stays open. */
export async function writePack(
  repository: string,
  objects: readonly string[],
  { output, signal }: { readonly output: Writable; readonly signal: AbortSignal },
): Promise<void> {
  const child = startGit(repository, ['pack-objects', '--stdout', '--revs', '--quiet'], { signal })
  child.stdin.end(`${objects.join('\n')}\n`)
  const done = finished(child, 'pack-objects')
  done.catch(() => {})
  await pipeline(child.stdout, output, { end: false })
  await done
}

/**
 * Takes in a pack that `writePack` wrote; no ref moves. Throws `UserError` where an object in it is broken or missing, or
 * it is beyond the limits of a push. Of one that fails objects are left behind.
 */
export async function readPack(
  repository: string,
  { input, signal }: { readonly input: Readable; readonly signal: AbortSignal },
): Promise<void> {
  const strict = `--strict=${harmless.map((id) => `${id}=warn`).join(',')}`
  const child = startGit(repository, ['index-pack', '--stdin', strict], {
    cpuSeconds: 600,
    dataBytes: 2 * 1024 ** 3,
    fileBytes: mostPackBytes,
  })
  child.stdout.resume()
  const ended = finished(child, 'index-pack')
  ended.catch(() => {})
  try {
    await pipeline(input, child.stdin, { signal })
    await ended
  } catch (error) {
    child.kill('SIGKILL')
    await exitOf(child).catch(() => {})
    signal.throwIfAborted()
    const failure = await ended.catch((thrown: unknown) => thrown)
    if (!(failure instanceof GitFailure) || failure.code === null) throw error
    throw new UserError('The archive is refused: its repository is broken', {
      next: 'Take one that apps:export wrote, as it came: ssh paas apps:export blog > blog.tar',
      cause: failure,
    })
  }
}
