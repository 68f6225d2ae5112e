import type { Standing } from '../state/last-changes.ts'
import type { Store } from '../state/store.ts'

/** How the app stands now. */
export function standingOf(store: Store, appId: string): Standing {
  const { port, domainsSet, release } = store.apps.byId(appId)
  return {
    config: store.config.of(appId),
    formation: store.formations.of(appId),
    domains: store.domains.of(appId),
    domainsSet,
    port,
    release,
    appLinks: store.appLinks
      .of(appId)
      .filter(({ state }) => state === 'ready')
      .map(({ targetId, alias }) => ({ targetId, alias })),
  }
}

/**
 * Makes `change` in the store, and keeps how the app stood before where that is another way; in one transaction. That the
 * server has scaled an app by its load is nothing to take back: what a person changed before stays the last change.
 */
export function remembered(
  store: Store,
  job: { readonly id: number; readonly appId: string; readonly who: string },
  change: () => void,
): void {
  store.transaction(() => {
    const { appId, who } = job
    const before = standingOf(store, appId)
    change()
    const after = standingOf(store, appId)
    const compared = who === 'paas' ? { ...after, formation: before.formation } : after
    if (JSON.stringify(compared) !== JSON.stringify(before))
      store.lastChanges.replace(appId, { deployId: job.id, who, before })
  })
}
