import { existsSync } from 'node:fs'
import { UserError } from '../errors.ts'
import { attempt, GitFailure, git } from './git.ts'
import { noObject, objectName } from './object-name.ts'

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

/** Whether a branch, tag or any other ref is there. */
export async function hasRefs(repository: string): Promise<boolean> {
  return (await git(repository, ['for-each-ref', '--count=1'])).length > 0
}

/** Points HEAD at a branch: what a clone checks out. */
export async function setHead(repository: string, branch: string): Promise<void> {
  await git(repository, ['symbolic-ref', 'HEAD', ref(`refs/heads/${branch}`)])
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

function ref(name: string): string {
  if (!/^refs\/[^\s\0-\x1f\x7f~^:?*[\\]+$/.test(name)) throw new UserError(`"${name}" is no full ref name`)
  return name
}
