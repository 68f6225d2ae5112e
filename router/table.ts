import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { AppRoute, Backend, Certificate, Closed, Epoch, Extras, Https } from './contract.ts'
import { parseExtras } from './extras.ts'

/** What the follower knows of Redis: our apps, and the hosts of foreign writers. */
export type Table = {
  /** Undefined until a table of this boot was read. */
  readonly epoch: Epoch | undefined
  /** Host (`host`, `host/path/`, `*.parent`, `*`) to app id. */
  readonly hosts: ReadonlyMap<string, string>
  readonly apps: ReadonlyMap<string, AppRoute>
  /** Host to backend URLs. */
  readonly foreign: ReadonlyMap<string, readonly string[]>
}

/** Something that hosts lead to: one of our apps, or a foreign list of backends. */
export type Target = {
  readonly id: string
  /** App id; undefined for a foreign writer's. */
  readonly app: string | undefined
  /** As people know the app. */
  readonly name?: string
  readonly backends: readonly Backend[]
  readonly closed?: Closed | undefined
  readonly maintenancePage?: string | undefined
  readonly certificates?: readonly Certificate[] | undefined
  readonly challenges?: Readonly<Record<string, string>> | undefined
  readonly https?: Https | undefined
  readonly bodyLimitBytes?: number | undefined
  readonly extras?: Extras | undefined
}

/** What should be served. */
export type Routes = {
  readonly hosts: ReadonlyMap<string, string>
  readonly targets: ReadonlyMap<string, Target>
}

export const emptyTable: Table = { epoch: undefined, hosts: new Map(), apps: new Map(), foreign: new Map() }

/**
 * Whether what Redis holds under epoch `read` may be served. No epoch (flushed), another boot's, or an older one
 * of this boot (an old dump) may not: what is in memory stays.
 */
export function isTrusted(read: Epoch | undefined, known: Epoch | undefined, boot: string): boolean {
  return read !== undefined && read.boot === boot && read.generation >= (known?.generation ?? 0)
}

/** The routes of `table`: ours, and the foreign hosts that are not ours. */
export function routesOf(table: Table): Routes {
  const targets = new Map<string, Target>()
  for (const [host, urls] of table.foreign) {
    if (isOurs(table, host)) continue
    const target = foreignTarget(urls)
    targets.set(target.id, target)
  }
  for (const app of table.hosts.values()) {
    if (!targets.has(app)) targets.set(app, appTarget(app, table.apps.get(app)))
  }
  return { hosts: hostsOf(table), targets }
}

/** A path of one of our hosts is ours too: else whoever writes to Redis could take a piece of an app. */
const isOurs = ({ hosts }: Table, host: string): boolean =>
  hosts.has(host) || hosts.has(host.split('/', 1)[0] ?? host)

// Most changes touch one app out of thousands: what did not change is the same object as before.
const known = new WeakMap<object, Target>()
const merged = new WeakMap<object, { foreign: object; hosts: ReadonlyMap<string, string> }>()

function hostsOf(table: Table): ReadonlyMap<string, string> {
  const { hosts: own, foreign } = table
  const cached = merged.get(own)
  if (cached?.foreign === foreign) return cached.hosts
  const hosts = new Map(own)
  for (const [host, urls] of foreign) if (!isOurs(table, host)) hosts.set(host, foreignTarget(urls).id)
  merged.set(own, { foreign, hosts })
  return hosts
}

function foreignTarget(urls: readonly string[]): Target {
  const cached = known.get(urls)
  if (cached) return cached
  const digest = createHash('sha256').update(urls.join(' ')).digest('hex').slice(0, 20)
  const backends = urls.map((url) => ({ url, process: addressOf(url) ?? '-', release: 0 }))
  // The dot keeps it apart from every app id.
  const target = { id: `foreign.${digest}`, app: undefined, backends }
  known.set(urls, target)
  return target
}

function appTarget(app: string, route: AppRoute | undefined): Target {
  if (!route) return { id: app, app, backends: [] }
  const cached = known.get(route)
  if (cached?.id === app) return cached
  const { hosts: _hosts, ...rest } = route
  const target = { id: app, app, ...rest }
  known.set(route, target)
  return target
}

/** The target of a request: the exact host with its longest path prefix, then `*.parent` up to five levels, then `*`. */
export function lookUp(routes: Routes, host: string, path: string): Target | undefined {
  for (const name of namesFor(host)) {
    for (const key of prefixes(name, path)) {
      const id = routes.hosts.get(key)
      if (id !== undefined) return routes.targets.get(id)
    }
  }
  return undefined
}

/** Under which names `host` is looked up, the nearest first. */
export function namesFor(host: string): readonly string[] {
  const labels = host.split('.')
  const names = [host]
  for (let level = 1; level <= 5 && level < labels.length; level++)
    names.push(`*.${labels.slice(level).join('.')}`)
  return [...names, '*']
}

function* prefixes(name: string, path: string): Generator<string> {
  const segments = path.split('?', 1)[0]?.split('/').slice(1) ?? []
  for (let count = segments.length; count > 0; count--) yield `${name}/${segments.slice(0, count).join('/')}/`
  yield name
}

const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?'
const hostPattern = new RegExp(
  `^(\\*|(\\*\\.)?${label}(\\.${label}){0,126}|\\[[0-9a-f:.]{2,45}\\])(/[A-Za-z0-9._~%@:+=&,-]+)*/?$`,
)

/** Whether `host` can be looked up at all: lower case, no port, `host` alone or `host/path/`. */
export function isHost(host: string): boolean {
  return host.length <= 512 && hostPattern.test(host) && host.includes('/') === host.endsWith('/')
}

/** `IP:PORT` of a backend URL, or undefined where it is no `http://IP:PORT`. */
export function addressOf(url: string): string | undefined {
  const match = /^http:\/\/(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})\/?$/i.exec(url)
  if (!match) return undefined
  const ip = (match[1] ?? match[2] ?? '').toLowerCase()
  const port = Number(match[3])
  if (isIP(ip) === 0 || ip === '0.0.0.0' || ip === '::' || port < 1 || port > 65_535) return undefined
  return `${ip}:${port}`
}

/** An app's route out of its JSON. Throws with the reason where it is none. */
export function parseAppRoute(text: string): AppRoute {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value) || typeof value.name !== 'string' || !Array.isArray(value.backends)) {
    throw new Error('it needs a name and backends')
  }
  const hosts = Array.isArray(value.hosts) ? value.hosts.filter((host) => typeof host === 'string') : []
  return {
    name: value.name,
    hosts,
    backends: value.backends.map(parseBackend),
    ...(value.closed === 'maintenance' || value.closed === 'unreleased' ? { closed: value.closed } : {}),
    ...(typeof value.maintenancePage === 'string' ? { maintenancePage: value.maintenancePage } : {}),
    ...(Array.isArray(value.certificates) ? { certificates: value.certificates.map(parseCertificate) } : {}),
    ...(isRecord(value.challenges) ? { challenges: parseChallenges(value.challenges) } : {}),
    ...(isRecord(value.https)
      ? { https: { redirect: value.https.redirect === true, hsts: value.https.hsts === true } }
      : {}),
    ...(Number.isSafeInteger(value.bodyLimitBytes) && Number(value.bodyLimitBytes) > 0
      ? { bodyLimitBytes: Number(value.bodyLimitBytes) }
      : {}),
    ...(value.extras === undefined ? {} : { extras: parseExtras(value.extras) }),
  }
}

function parseCertificate(value: unknown): Certificate {
  if (!isRecord(value) || typeof value.file !== 'string' || !/^[0-9a-f]{64}\.pem$/.test(value.file)) {
    throw new Error('a certificate has no file')
  }
  const hosts = Array.isArray(value.hosts) ? value.hosts.filter((host) => typeof host === 'string') : []
  return { file: value.file, hosts: hosts.filter((host) => isHost(host) && !host.includes('/')) }
}

function parseChallenges(value: Record<string, unknown>): Record<string, string> {
  const plain = /^[\w-]{1,200}(\.[\w-]{1,200})?$/
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] =>
        plain.test(entry[0]) && typeof entry[1] === 'string' && plain.test(entry[1]),
    ),
  )
}

function parseBackend(value: unknown): Backend {
  if (!isRecord(value) || typeof value.url !== 'string' || addressOf(value.url) === undefined) {
    throw new Error('a backend is no http://IP:PORT')
  }
  const process =
    typeof value.process === 'string' && /^[\w.-]{1,64}$/.test(value.process) ? value.process : '-'
  return { url: value.url, process, release: typeof value.release === 'number' ? value.release : 0 }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** App ids name log files and HAProxy servers, so they are plain. */
export const isAppId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(id)
