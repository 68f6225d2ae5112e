import type { OnDisconnect, Retention } from './state/apps.ts'
import type { AutoscaleRule } from './state/autoscale.ts'
import type { CheckSettings } from './state/check-settings.ts'
import type { RouteSettings } from './state/route-settings.ts'
import type { Store } from './state/store.ts'
import { visitorDigest } from './visitor-digest.ts'
import { visitorPassword } from './visitor-password.ts'

/** What goes along of how a router treats an app: all but what belongs to its domains and certificates. */
export const carriedRoutes = [
  'redirect',
  'bodyLimitBytes',
  'timeLimitMs',
  'rateLimit',
  'sticky',
  'gzip',
  'errorPage',
] as const satisfies readonly (keyof RouteSettings)[]

export type CarriedRoutes = Pick<RouteSettings, (typeof carriedRoutes)[number]>

/** Settings of an app that its clone has, and one that is made of its archive. */
export type Carried = {
  readonly routes: CarriedRoutes
  readonly redirects: Readonly<Record<string, string>>
  /** Their names; the digests of their passwords count for this one app. */
  readonly visitors: readonly string[]
  /** HTML of its own; null: ours. Whether it is shown is not carried. */
  readonly maintenancePage: string | null
  readonly checks: CheckSettings
  readonly retention: Retention
  readonly logBytes: number | null
  readonly onDisconnect: OnDisconnect
  readonly autoscale: readonly CarriedRule[]
}

export type CarriedRule = Omit<AutoscaleRule, 'appId' | 'steppedAt'>

export function carriedOf(store: Store, appId: string): Carried {
  const { retention, logBytes, onDisconnect } = store.apps.byId(appId)
  const { redirect, bodyLimitBytes, timeLimitMs, rateLimit, sticky, gzip, errorPage } =
    store.routeSettings.of(appId)
  return {
    routes: { redirect, bodyLimitBytes, timeLimitMs, rateLimit, sticky, gzip, errorPage },
    redirects: store.redirects.of(appId),
    visitors: Object.keys(store.visitors.of(appId)),
    maintenancePage: store.maintenance.of(appId).page,
    checks: store.checkSettings.of(appId),
    retention,
    logBytes,
    onDisconnect,
    autoscale: store.autoscale
      .of(appId)
      .map(({ process, least, most, measure, threshold }) => ({ process, least, most, measure, threshold })),
  }
}

/** Gives a new app what `carriedOf` took; part of a transaction. Returns its visitors' passwords, by their names: they are made anew. */
export function giveCarried(store: Store, appId: string, carried: Carried): Readonly<Record<string, string>> {
  const { routes, redirects, visitors, maintenancePage, checks } = carried
  for (const name of carriedRoutes) store.routeSettings.set(appId, name, routes[name])
  for (const [path, target] of Object.entries(redirects)) store.redirects.set(appId, path, target)
  if (maintenancePage !== null) store.maintenance.replace(appId, { since: null, page: maintenancePage })
  store.checkSettings.replace(appId, checks)
  store.apps.setRetention(appId, carried.retention)
  store.apps.setLogBytes(appId, carried.logBytes)
  store.apps.setOnDisconnect(appId, carried.onDisconnect)
  for (const rule of carried.autoscale) store.autoscale.set({ ...rule, appId, steppedAt: null })
  const passwords = Object.fromEntries(visitors.map((name) => [name, visitorPassword()]))
  for (const [name, password] of Object.entries(passwords))
    store.visitors.set(appId, name, visitorDigest(appId, name, password))
  return passwords
}
