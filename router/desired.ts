import { type ExtraMaps, extraMapsOf } from './extra-maps.ts'
import { type SlotKind, slotName } from './slots.ts'
import { addressOf, namesFor, type Routes, type Target } from './table.ts'

/** What HAProxy should hold. */
export type Desired = {
  /** Slot name to servers: name to address. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** `host/` or `host/path/` to slot name, with marks behind a dot: see `markOf`. */
  readonly hosts: ReadonlyMap<string, string>
  /** `parent/`, `parent/path/` or the same with `*` as parent, to slot name. */
  readonly wildcards: ReadonlyMap<string, string>
  /** Certificate file to host names. */
  readonly certificates: ReadonlyMap<string, readonly string[]>
  /** Token to what a certificate authority wants to read there. */
  readonly challenges: ReadonlyMap<string, string>
  readonly extras: ExtraMaps
}

/** The backends of hosts that lead to no slot: HAProxy answers by itself, or the router with the app's own page. */
export const answering = {
  maintenance: 'maintenance',
  ownPage: 'page',
  stopped: 'none',
  stoppedOwnPage: 'stopped-page',
  unreleased: 'unreleased',
} as const

/** What HAProxy should hold to serve `routes` with the slots `assigned`. */
export function desiredOf(routes: Routes, assigned: ReadonlyMap<string, number>): Desired {
  const slots = new Map<string, ReadonlyMap<string, string>>()
  for (const target of routes.targets.values()) {
    const number = assigned.get(target.id)
    if (number !== undefined) slots.set(slotName(number), serversOf(target))
  }
  return {
    slots,
    ...mapsOf(routes, assigned),
    ...securityOf(routes),
    extras: extraMapsOf(routes, assigned),
  }
}

function securityOf(routes: Routes): Pick<Desired, 'certificates' | 'challenges'> {
  const certificates = new Map<string, readonly string[]>()
  const challenges = new Map<string, string>()
  for (const target of routes.targets.values()) {
    for (const { file, hosts } of target.certificates ?? []) certificates.set(file, hosts)
    for (const [token, answer] of Object.entries(target.challenges ?? {})) challenges.set(token, answer)
  }
  return { certificates, challenges }
}

type Maps = Pick<Desired, 'hosts' | 'wildcards'>

// Neither hosts nor slots change when an app is deployed: then the maps of thousands of hosts stay the same.
const knownMaps = new WeakMap<object, { assigned: object; special: string; maps: Maps }>()

function mapsOf(routes: Routes, assigned: ReadonlyMap<string, number>): Maps {
  const special = [...routes.targets.values()]
    .flatMap((target) =>
      target.closed || target.certificates?.length || target.bodyLimitBytes || target.extras
        ? JSON.stringify([
            target.id,
            backendOf(target, assigned),
            target.certificates,
            target.https,
            target.bodyLimitBytes,
            target.extras?.canonical,
            target.extras?.visitors !== undefined,
          ])
        : [],
    )
    .join()
  const cached = knownMaps.get(routes.hosts)
  if (cached?.assigned === assigned && cached.special === special) return cached.maps
  const hosts = new Map<string, string>()
  const wildcards = new Map<string, string>()
  const above = hostsAbovePaths(routes)
  const divided = new Set([...above.keys(), ...above.values()])
  for (const [host, id] of routes.hosts) {
    const target = routes.targets.get(id)
    const marks = markOf(routes, { host, target, above: above.get(host), isDivided: divided.has(host) })
    const backend = `${backendOf(target, assigned)}${marks}`
    const key = host.endsWith('/') ? host : `${host}/`
    if (!key.startsWith('*')) hosts.set(key, backend)
    else wildcards.set(key.startsWith('*.') ? key.slice(2) : key, backend)
  }
  const maps = { hosts, wildcards }
  knownMaps.set(routes.hosts, { assigned, special, maps })
  return maps
}

function backendOf(target: Target | undefined, assigned: ReadonlyMap<string, number>): string {
  if (target?.closed) return closedBackend(target)
  const number = target && assigned.get(target.id)
  if (number !== undefined) return slotName(number)
  return target?.extras?.errorPage === undefined ? answering.stopped : answering.stoppedOwnPage
}

/** Of each path the key of the host that it is a part of; undefined where the rest of that host leads nowhere. */
function hostsAbovePaths({ hosts }: Routes): ReadonlyMap<string, string | undefined> {
  const above = new Map<string, string | undefined>()
  for (const host of hosts.keys()) {
    const [name = '', path] = host.split('/', 2)
    if (path !== undefined)
      above.set(
        host,
        namesFor(name).find((each) => hosts.has(each)),
      )
  }
  return above
}

type Marked = {
  readonly host: string
  readonly target: Target | undefined
  readonly above: string | undefined
  /** Paths of this host lead to several targets. */
  readonly isDivided: boolean
}

/**
 * `.rhcpd.1048576`: plain requests are redirected to https (r), secure answers forbid plain ones from then on (h),
 * visitors are sent on to the canonical host (c; o: plain ones alone, it has no certificate) or need a password (p),
 * paths that programs read differently are refused (d), and larger bodies. Whether a path is secured, its host says. What is not wanted
 * is left out: `.r`, `..1048576`.
 */
function markOf(routes: Routes, { host, target, above, isDivided }: Marked): string {
  const [name = ''] = host.split('/', 1)
  const holder = above === undefined ? target : routes.targets.get(routes.hosts.get(above) ?? '')
  const https = isSecured(holder, above ?? name) ? holder?.https : undefined
  const canonical = target?.extras?.canonical
  const moves = canonical !== undefined && host !== canonical && !host.includes('/')
  const marks = [
    https?.redirect && 'r',
    https?.hsts && 'h',
    moves && (isSecured(target, canonical) ? 'c' : 'o'),
    target?.extras?.visitors && 'p',
    isDivided && 'd',
  ]
    .filter((mark) => typeof mark === 'string')
    .join('')
  if (target?.bodyLimitBytes !== undefined) return `.${marks}.${target.bodyLimitBytes}`
  return marks && `.${marks}`
}

const isSecured = (target: Target | undefined, name: string): boolean =>
  target?.certificates?.some(({ hosts }) => hosts.includes(name)) === true

function closedBackend({ closed, maintenancePage }: Target): string {
  if (closed === 'unreleased') return answering.unreleased
  return maintenancePage === undefined ? answering.maintenance : answering.ownPage
}

/** The targets that need a slot, each with what its slot must be able to do. */
export function* slottedTargets(routes: Routes): Generator<readonly [string, SlotKind]> {
  for (const { id, backends, extras } of routes.targets.values())
    if (backends.length > 0)
      yield [
        id,
        { extras: extras !== undefined, gzip: extras?.gzip === true, sticky: extras?.sticky === true },
      ]
}

const known = new WeakMap<Target, ReadonlyMap<string, string>>()

/**
 * Server names to addresses. A name says whose server it is and where: after a restart of either side nobody has
 * to remember which slot belongs to whom.
 */
function serversOf(target: Target): ReadonlyMap<string, string> {
  const cached = known.get(target)
  if (cached) return cached
  const servers = new Map<string, string>()
  for (const backend of target.backends) {
    const address = addressOf(backend.url)
    if (address !== undefined) servers.set(`${target.id}_${address}`, address)
  }
  known.set(target, servers)
  return servers
}

/** Whose server `name` is. */
export const ownerOf = (name: string): string => name.slice(0, name.lastIndexOf('_'))
