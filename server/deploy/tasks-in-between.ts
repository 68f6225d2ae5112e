import type { Paas } from '../paas.ts'
import type { Release } from '../state/releases.ts'

/** What ran once for the releases that are gone back over, in words: a database that it changed stays changed. */
export function tasksInBetween(
  paas: Pick<Paas, 'store'>,
  target: Release,
  current: Release,
): readonly string[] {
  return paas.store.releases
    .list(current.appId)
    .filter(
      ({ version, tasks }) => version > target.version && version <= current.version && tasks.length > 0,
    )
    .toReversed()
    .map(({ version, tasks }) => `The ${tasks.join(', ')} of v${version} ran since and is not taken back`)
}
