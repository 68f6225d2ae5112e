import { git } from './git.ts'

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
