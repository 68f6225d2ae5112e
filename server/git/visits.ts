import { prune } from './prune.ts'

/** One push that is under way in a repository. */
export type Visit = AsyncDisposable & {
  /** Objects stay behind that no ref reaches. */
  leavesObjects(): void
}

/**
 * Enters a repository for a push. The last one out of it removes what refused pushes have left; who comes
 * meanwhile waits: a removal beside a push would take objects that no ref reaches yet.
 */
export async function enter(repository: string): Promise<Visit> {
  while (removals.has(repository)) await removals.get(repository)
  const place = places.get(repository) ?? { visits: 0, dirty: false }
  places.set(repository, place)
  place.visits += 1
  return {
    leavesObjects: () => {
      place.dirty = true
    },
    [Symbol.asyncDispose]: async () => {
      place.visits -= 1
      if (place.visits > 0) return
      places.delete(repository)
      if (!place.dirty) return
      // The pusher has the answer already, and nobody waits but the next push.
      const removal = prune(repository)
        // A repository that was destroyed meanwhile, or a full disk: the next removal finds what stays.
        .catch(() => {})
        .finally(() => removals.delete(repository))
      removals.set(repository, removal)
    },
  }
}

/** Whether a push to it is under way. */
export const isVisited = (repository: string): boolean => places.has(repository)

/** Resolves when nothing is being removed in a repository: then its folder may go. */
export async function removalsDone(repository: string): Promise<void> {
  await removals.get(repository)
}

const places = new Map<string, { visits: number; dirty: boolean }>()
const removals = new Map<string, Promise<void>>()
