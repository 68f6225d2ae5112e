import type { Formation } from '../state/releases.ts'

/** `quantities: web=1 -> web=3`; undefined where both are the same. */
export function quantitiesInWords(from: Formation, to: Formation): string | undefined {
  const types = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()
  const changed = types
    .filter((type) => (from[type] ?? 0) !== (to[type] ?? 0))
    .map((type) => `${type}=${from[type] ?? 0} -> ${type}=${to[type] ?? 0}`)
  return changed.length === 0 ? undefined : `quantities: ${changed.join(', ')}`
}
