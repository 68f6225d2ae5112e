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

/** The backend of hosts whose target has no backends. */
export const emptySlot = 'none'

/** What HAProxy should hold to serve `routes` with the slots `assigned`. */
export function desiredOf(routes: Routes, assigned: ReadonlyMap<string, number>): Desired {
  const slots = new Map<string, ReadonlyMap<string, string>>()
  for (const target of routes.targets.values()) {
    const number = assigned.get(target.id)
    if (number !== undefined) slots.set(slotName(number), serversOf(target))
  }
  return { slots, ...mapsOf(routes.hosts, assigned) }
}

type Maps = Pick<Desired, 'hosts' | 'wildcards'>

// Neither hosts nor slots change when an app is deployed: then the maps of thousands of hosts stay the same.
const knownMaps = new WeakMap<object, { assigned: object; maps: Maps }>()

function mapsOf(routed: ReadonlyMap<string, string>, assigned: ReadonlyMap<string, number>): Maps {
  const cached = knownMaps.get(routed)
  if (cached?.assigned === assigned) return cached.maps
  const hosts = new Map<string, string>()
  const wildcards = new Map<string, string>()
  for (const [host, id] of routed) {
    const number = assigned.get(id)
    const slot = number === undefined ? emptySlot : slotName(number)
    const key = host.endsWith('/') ? host : `${host}/`
    if (!key.startsWith('*')) hosts.set(key, slot)
    else wildcards.set(key.startsWith('*.') ? key.slice(2) : key, slot)
  }
  const maps = { hosts, wildcards }
  knownMaps.set(routed, { assigned, maps })
  return maps
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
