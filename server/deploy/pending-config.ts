import type { Paas } from '../paas.ts'
import type { Release } from '../state/releases.ts'
import { type NameDifference, nameDifference } from './release-difference.ts'

/** The config vars, its own and shared ones, that a next release would have otherwise than this one. */
export function pendingConfig({ store }: Pick<Paas, 'store'>, running: Release): NameDifference {
  const named = (names: readonly string[]): Record<string, true> =>
    Object.fromEntries(names.map((name) => [name, true]))
  return nameDifference(
    { ...named(running.shared), ...running.config },
    { ...named(store.sharedConfig.names()), ...store.config.of(running.appId) },
  )
}
