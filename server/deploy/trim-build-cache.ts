import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'

/** So long an unused part of the build cache stays, however full that is. */
const cacheUnusedMs = 60 * 60_000

/** Removes what of Docker's build cache is over its limit, behind the build that may have made it too much. */
export function trimBuildCacheInBackground(paas: Paas): void {
  const keepBytes = paas.settings.buildCacheBytes
  if (keepBytes === 0) return
  paas.engine.disk.pruneBuildCache({ keepBytes, unusedForMs: cacheUnusedMs }).catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`The build cache could not be trimmed: ${describe(error)}`)
  })
}
