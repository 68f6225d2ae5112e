import type { AppRoute, Closed, Extras, Https } from '../router/contract.ts'
import { portText } from '../router/port-text.ts'
import { holderOf } from './domain-holders.ts'
import type { Paas } from './paas.ts'
import type { RouteSource } from './redis/routes.ts'
import type { Settings } from './settings.ts'
import type { App } from './state/apps.ts'
import { hostOf } from './state/domains.ts'
import type { RouteSettings } from './state/route-settings.ts'
import type { Store } from './state/store.ts'
import { certificateFacts, certificateFile, covers } from './tls/certificate-facts.ts'
import type { Challenges } from './tls/challenges.ts'

/** What `app` answers to: the domains set by hand, with a path or without, else `NAME.DOMAIN`. */
export function appHosts(paas: Pick<Paas, 'store' | 'settings'>, app: App): readonly string[] {
  const own = paas.store.domains.of(app.id)
  return app.domainsSet ? own : [`${app.name}.${paas.settings.domain}`, ...own]
}

/** The host name that `app` is asked by from inside. */
export const firstHost = (paas: Pick<Paas, 'store' | 'settings'>, app: App): string =>
  hostOf(appHosts(paas, app)[0] ?? app.name)

/** The host names that `app` speaks for, each once: its own, and of its paths those whose host is no other app's. */
export function hostNames(paas: Pick<Paas, 'store' | 'settings'>, app: App): readonly string[] {
  const speaksFor = (domain: string): boolean =>
    hostOf(domain) === domain || (holderOf(paas, hostOf(domain)) ?? app).id === app.id
  return [...new Set(appHosts(paas, app).filter(speaksFor).map(hostOf))]
}

/** A domain as the router knows it: a path ends with a slash. */
export const routeKey = (domain: string): string => (domain.includes('/') ? `${domain}/` : domain)

/** The URLs to print for `app`. */
export function appUrls(paas: Pick<Paas, 'store' | 'settings'>, app: App): readonly string[] {
  const { httpPort, httpsPort } = paas.settings
  return appHosts(paas, app).map((domain) => {
    const host = hostOf(domain)
    const path = domain.slice(host.length)
    const holder = holderOf(paas, host)
    const isSecured = [app, ...(holder ? [holder] : [])].some((each) =>
      securedHosts(paas, each).includes(host),
    )
    return isSecured
      ? `https://${host}${portText(httpsPort, 443)}${path}`
      : `http://${host}${portText(httpPort, 80)}${path}`
  })
}

/** Those of the app's host names that its certificate is good for. */
export function securedHosts(paas: Pick<Paas, 'store' | 'settings'>, app: App): readonly string[] {
  const certificate = paas.store.certificates.of(app.id)
  if (!certificate) return []
  const { names } = certificateFacts(certificate.chain)
  return hostNames(paas, app).filter((host) => covers(names, host))
}

/**
 * The routes that the state store stands for. Only a live container that has not crashed and whose identity
 * was proved (`isProved`) is a backend.
 */
export function routeSource(parts: {
  readonly store: Store
  readonly settings: Settings
  readonly challenges: Challenges
  readonly isProved: (containerName: string) => boolean
}): RouteSource {
  const { store, settings, challenges, isProved } = parts
  const routeOf = (app: App): AppRoute => ({
    name: app.name,
    hosts: appHosts({ store, settings }, app).map(routeKey),
    backends: store.containers
      .of(app.id, 'live')
      .filter((container) => container.process === 'web' && !container.crashed && isProved(container.name))
      .map((container) => ({
        url: `http://${container.address}:${store.releases.find(app.id, container.version)?.port}`,
        process: `${container.process}.${container.number}`,
        release: container.version,
      })),
    ...closedOf(store, app),
    ...securityOf({ store, settings }, app),
    ...challenges.routeOf(app.id),
    ...limitOf(store, app),
    ...extrasOf({ store, settings }, app),
  })
  return {
    all: () =>
      new Map(store.apps.list().flatMap((app) => (app.destroying ? [] : [[app.id, routeOf(app)] as const]))),
    one: (appId) => {
      const app = store.apps.exists(appId) ? store.apps.byId(appId) : undefined
      return app && !app.destroying ? routeOf(app) : undefined
    },
  }
}

function closedOf(store: Store, app: App): { closed?: Closed; maintenancePage?: string } {
  const { since, page } = store.maintenance.of(app.id)
  if (since !== null) return { closed: 'maintenance', ...(page === null ? {} : { maintenancePage: page }) }
  return app.release === null ? { closed: 'unreleased' } : {}
}

function securityOf(
  paas: Pick<Paas, 'store' | 'settings'>,
  app: App,
): Pick<AppRoute, 'certificates' | 'https'> {
  const certificate = paas.store.certificates.of(app.id)
  if (!certificate) return {}
  return {
    certificates: [{ file: certificateFile(certificate.chain), hosts: securedHosts(paas, app) }],
    https: httpsOf(paas.store.routeSettings.of(app.id)),
  }
}

const httpsOf = ({ redirect, hsts }: RouteSettings): Https => ({ redirect, hsts })

function limitOf(store: Store, app: App): Pick<AppRoute, 'bodyLimitBytes'> {
  const { bodyLimitBytes } = store.routeSettings.of(app.id)
  return bodyLimitBytes === null ? {} : { bodyLimitBytes }
}

function extrasOf(paas: Pick<Paas, 'store' | 'settings'>, app: App): Pick<AppRoute, 'extras'> {
  const { timeLimitMs, rateLimit, sticky, gzip, canonical, errorPage } = paas.store.routeSettings.of(app.id)
  const visitors = paas.store.visitors.of(app.id)
  const redirects = paas.store.redirects.of(app.id)
  const extras: Extras = {
    ...(errorPage === null ? {} : { errorPage }),
    ...(timeLimitMs === null ? {} : { timeLimitMs }),
    ...(rateLimit === null ? {} : { rateLimit }),
    ...(Object.keys(visitors).length === 0 ? {} : { visitors }),
    ...(canonical === null || !appHosts(paas, app).includes(canonical) ? {} : { canonical }),
    ...(Object.keys(redirects).length === 0 ? {} : { redirects }),
    ...(sticky ? { sticky } : {}),
    ...(gzip ? { gzip } : {}),
  }
  return Object.keys(extras).length === 0 ? {} : { extras }
}
