import type { Readable } from 'node:stream'
import { attempt, finished, GitFailure, git, startGit } from './git.ts'
import { objectName } from './object-name.ts'

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
