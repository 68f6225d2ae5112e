import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release, StoredRelease } from '../state/releases.ts'

/**
 * What a rollback without a version brings back: the newest earlier release that served until it was replaced. One that
 * died within its first minute did not, and one that is what serves now would bring back nothing.
 */
export function previousRelease(paas: Pick<Paas, 'store'>, app: App): StoredRelease | undefined {
  if (app.release === null) return undefined
  const current = paas.store.releases.find(app.id, app.release)
  return paas.store.releases
    .list(app.id)
    .find(
      (release) => current && release.version < current.version && !release.died && differs(release, current),
    )
}

/** Whether `one` would run otherwise than `other`: another image, config, processes or checks. */
const differs = (one: Release, other: Release): boolean =>
  one.image !== other.image ||
  !isSame(one.config, other.config) ||
  !isSame(one.processes, other.processes) ||
  !isSame(one.checks, other.checks)

const isSame = (one: object, other: object): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))

const sorted = (facts: object): readonly (readonly [string, unknown])[] =>
  Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))
