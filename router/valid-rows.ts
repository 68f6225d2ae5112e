import type { AppRoute } from './contract.ts'
import type { Report } from './report.ts'
import type { ForeignReading, OwnReading } from './route-store.ts'
import { addressOf, isAppId, isHost, parseAppRoute, type Table } from './table.ts'

/** Host to app id, of the rows that can be served; `report` hears of the others. */
export function ownHosts(own: OwnReading, report: Report): Map<string, string> {
  const hosts = new Map<string, string>()
  for (const [host, app] of own.hosts) {
    if (app === undefined) continue
    if (isHost(host) && isAppId(app)) hosts.set(host, app)
    else report(`skipped: "${host}" is no host, or "${app}" no app id`)
  }
  return hosts
}

/** App id to route. What can't be read stays as `table` has it, and what did not change is the same object. */
export function ownApps(own: OwnReading, table: Table, report: Report): Map<string, AppRoute> {
  const apps = new Map<string, AppRoute>()
  for (const [app, text] of own.apps) {
    if (text === undefined) continue
    const before = table.apps.get(app)
    try {
      const route = parseAppRoute(text)
      apps.set(app, before && JSON.stringify(before) === JSON.stringify(route) ? before : route)
    } catch (error) {
      report(`skipped the routes of app ${app}: ${(error as Error).message}`)
      if (before) apps.set(app, before)
    }
  }
  return apps
}

/** Host to URLs, of the lists that are there and can be served. Unchanged lists are the same objects. */
export function foreignHosts(
  reading: ForeignReading,
  table: Table,
  report: Report,
): Map<string, readonly string[]> {
  const hosts = new Map<string, readonly string[]>()
  for (const [host, list] of reading) {
    if (list instanceof Error) report(`skipped frontend:${host}: ${list.message}`)
    else if (!isHost(host)) report(`skipped frontend:${host}: it names no host`)
    else if (list.length > 0) {
      const urls = [...new Set(list.slice(1))].filter((url) => {
        if (addressOf(url) === undefined)
          report(`skipped ${url} in frontend:${host}: it is no http://IP:PORT`)
        return addressOf(url) !== undefined
      })
      const before = table.foreign.get(host)
      hosts.set(host, before && before.join(' ') === urls.join(' ') ? before : urls)
    }
  }
  return hosts
}
