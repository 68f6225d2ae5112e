import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** Not at once: what follows a deploy first is its draining, and the first requests. */
const soonMs = 1_000

/** Begins to make the sandboxes of the app's next release, one for each place of the formation as it stands. */
export function prepareSandboxes(paas: Paas, app: App): void {
  if (app.stopped || app.destroying) return
  const formation = app.release === null ? { web: 1 } : paas.store.formations.of(app.id)
  const places = Object.entries(formation).flatMap(([process, quantity]) =>
    Array.from({ length: quantity }, (_, index) => ({ process, number: index + 1 })),
  )
  const webFirst = places.toSorted((a, b) => Number(b.process === 'web') - Number(a.process === 'web'))
  paas.sandboxes.prepare(app, paas.store.releases.nextVersion(app.id), webFirst)
}

/** The same once a deploy is over: who has just deployed often does so again. */
export function prepareSandboxesSoon(paas: Paas, appId: string): void {
  setTimeout(() => {
    if (!paas.closing.aborted && paas.store.apps.exists(appId))
      prepareSandboxes(paas, paas.store.apps.byId(appId))
  }, soonMs).unref()
}
