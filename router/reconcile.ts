import { serverSettings } from './configuration.ts'
import type { Desired } from './desired.ts'

export type ServerState = 'ready' | 'drain' | 'maint'

export type Server = { readonly address: string; readonly state: ServerState }

/** What HAProxy holds. */
export type Actual = {
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, Server>>
  readonly hosts: ReadonlyMap<string, string>
  readonly wildcards: ReadonlyMap<string, string>
  readonly challenges: ReadonlyMap<string, string>
  /** How many slots are declared. */
  readonly capacity: number
  readonly pid: number
}

/** Entries of a map to set (with whether the key is there already) and keys to delete. */
export type MapChange = {
  readonly set: readonly { readonly key: string; readonly value: string; readonly isNew: boolean }[]
  readonly remove: readonly string[]
}

/** What makes `actual` `desired`, in the order in which no request meets a gap. */
export type Plan = {
  /** Each element is one or more commands that must go in one message. */
  readonly adds: readonly string[]
  /** New servers in, old ones out, slot by slot. */
  readonly swaps: readonly string[]
  readonly hosts: MapChange
  readonly wildcards: MapChange
  readonly challenges: MapChange
  /** Servers of slots that no host leads to any more. */
  readonly drains: readonly string[]
}

/** The plan from `actual` to `desired`. Servers that are not desired end in state drain, never deleted. */
export function planOf(desired: Desired, actual: Actual): Plan {
  const adds: string[] = []
  const swaps: string[] = []
  const drains: string[] = []
  for (const [slot, servers] of desired.slots) {
    const current = actual.slots.get(slot)
    const enable: string[] = []
    for (const [name, address] of servers) {
      const server = current?.get(name)
      if (!server) {
        adds.push(`add server ${slot}/${name} ${address} ${serverSettings};enable health ${slot}/${name}`)
        enable.push(`enable server ${slot}/${name}`)
      } else if (server.state !== 'ready') enable.push(`set server ${slot}/${name} state ready`)
    }
    const swap = [...enable, ...drainsOf(slot, current, servers)]
    if (swap.length > 0) swaps.push(swap.join(';'))
  }
  for (const [slot, current] of actual.slots) {
    if (!desired.slots.has(slot)) drains.push(...drainsOf(slot, current, undefined))
  }
  return {
    adds,
    swaps,
    hosts: mapChange(desired.hosts, actual.hosts),
    wildcards: mapChange(desired.wildcards, actual.wildcards),
    challenges: mapChange(desired.challenges, actual.challenges),
    drains,
  }
}

/** What HAProxy holds once the plan from `actual` to `desired` is carried out. */
export function afterPlan(desired: Desired, actual: Actual): Actual {
  const slots = new Map<string, Map<string, Server>>()
  for (const [slot, current] of actual.slots) {
    const wanted = desired.slots.get(slot)
    for (const [name, server] of current) {
      if (wanted?.has(name)) continue
      put(slots, slot, name, server.state === 'ready' ? { ...server, state: 'drain' } : server)
    }
  }
  for (const [slot, servers] of desired.slots) {
    for (const [name, address] of servers) put(slots, slot, name, { address, state: 'ready' })
  }
  const { hosts, wildcards, challenges } = desired
  return { ...actual, slots, hosts, wildcards, challenges }
}

function put(slots: Map<string, Map<string, Server>>, slot: string, name: string, server: Server): void {
  const servers = slots.get(slot) ?? new Map<string, Server>()
  servers.set(name, server)
  slots.set(slot, servers)
}

function drainsOf(
  slot: string,
  current: ReadonlyMap<string, Server> | undefined,
  wanted: ReadonlyMap<string, string> | undefined,
): string[] {
  const commands: string[] = []
  for (const [name, server] of current ?? []) {
    if (server.state === 'ready' && !wanted?.has(name))
      commands.push(`set server ${slot}/${name} state drain`)
  }
  return commands
}

function mapChange(desired: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string>): MapChange {
  if (desired === actual) return { set: [], remove: [] }
  const set: { key: string; value: string; isNew: boolean }[] = []
  const remove: string[] = []
  for (const [key, value] of desired) {
    const current = actual.get(key)
    if (current !== value) set.push({ key, value, isNew: current === undefined })
  }
  for (const key of actual.keys()) if (!desired.has(key)) remove.push(key)
  return { set, remove }
}
