import { slotName } from './slots.ts'
import { addressOf, type Routes, type Target } from './table.ts'

/** What HAProxy should hold. */
export type Desired = {
  /** Slot name to servers: name to address. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** `host/` or `host/path/` to slot name. */
  readonly hosts: ReadonlyMap<string, string>
  /** `parent/`, `parent/path/` or the same with `*` as parent, to slot name. */
  readonly wildcards: ReadonlyMap<string, string>
}

/** The backends of hosts that lead to no slot: HAProxy answers by itself, or the router with the app's own page. */
export const answering = {
  maintenance: 'maintenance',
  ownPage: 'page',
  stopped: 'none',
  unreleased: 'unreleased',
} as const

/** What HAProxy should hold to serve `routes` with the slots `assigned`. */
export function desiredOf(routes: Routes, assigned: ReadonlyMap<string, number>): Desired {
  const slots = new Map<string, ReadonlyMap<string, string>>()
  for (const target of routes.targets.values()) {
    const number = assigned.get(target.id)
    if (number !== undefined) slots.set(slotName(number), serversOf(target))
  }
  return { slots, ...mapsOf(routes, assigned) }
}

type Maps = Pick<Desired, 'hosts' | 'wildcards'>

// Neither hosts nor slots change when an app is deployed: then the maps of thousands of hosts stay the same.
const knownMaps = new WeakMap<object, { assigned: object; closed: string; maps: Maps }>()

function mapsOf(routes: Routes, assigned: ReadonlyMap<string, number>): Maps {
  const closed = [...routes.targets.values()]
    .flatMap((target) => (target.closed ? `${target.id} ${closedBackend(target)}` : []))
    .join()
  const cached = knownMaps.get(routes.hosts)
  if (cached?.assigned === assigned && cached.closed === closed) return cached.maps
  const hosts = new Map<string, string>()
  const wildcards = new Map<string, string>()
  for (const [host, id] of routes.hosts) {
    const backend = backendOf(routes.targets.get(id), assigned)
    const key = host.endsWith('/') ? host : `${host}/`
    if (!key.startsWith('*')) hosts.set(key, backend)
    else wildcards.set(key.startsWith('*.') ? key.slice(2) : key, backend)
  }
  const maps = { hosts, wildcards }
  knownMaps.set(routes.hosts, { assigned, closed, maps })
  return maps
}

function backendOf(target: Target | undefined, assigned: ReadonlyMap<string, number>): string {
  if (target?.closed) return closedBackend(target)
  const number = target && assigned.get(target.id)
  return number === undefined ? answering.stopped : slotName(number)
}

function closedBackend({ closed, maintenancePage }: Target): string {
  if (closed === 'unreleased') return answering.unreleased
  return maintenancePage === undefined ? answering.maintenance : answering.ownPage
}

/** The targets that need a slot. */
export function* slottedTargets(routes: Routes): Generator<string> {
  for (const target of routes.targets.values()) if (target.backends.length > 0) yield target.id
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
