import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'

/** So long an unused part of the build cache stays, however full that is. */
const cacheUnusedMs = 60 * 60_000
/** Docker looks at every part of the cache, which takes it most of a second once there are thousands. */
const pauseMs = 10 * 60_000

const lastAt = new WeakMap<Paas, number>()

/**
 * Removes what of Docker's build cache is over its limit, behind the build that may have made it too much; builds that
 * follow within ten minutes leave that to a later one.
 */
export function trimBuildCacheInBackground(paas: Paas): void {
  const keepBytes = paas.settings.buildCacheBytes
  if (keepBytes === 0 || Date.now() - (lastAt.get(paas) ?? 0) < pauseMs) return
  lastAt.set(paas, Date.now())
  paas.engine.disk.pruneBuildCache({ keepBytes, unusedForMs: cacheUnusedMs }).catch((error: unknown) => {
    lastAt.delete(paas)
    if (!paas.closing.aborted) paas.log(`The build cache could not be trimmed: ${describe(error)}`)
  })
}
