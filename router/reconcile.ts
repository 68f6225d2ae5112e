import { serverSettings } from './configuration.ts'
import type { Desired } from './desired.ts'
import { type ExtraMap, type ExtraMaps, extraMapNames } from './extra-maps.ts'
import { kindOfSlot, slotNumber } from './slots.ts'

export type ServerState = 'ready' | 'drain' | 'maint'

export type Server = { readonly address: string; readonly state: ServerState }

/** What HAProxy holds. */
export type Actual = {
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, Server>>
  readonly hosts: ReadonlyMap<string, string>
  readonly wildcards: ReadonlyMap<string, string>
  readonly challenges: ReadonlyMap<string, string>
  readonly extras: ExtraMaps
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
  /** What slots with extras look for, before a host leads there. */
  readonly extras: ReadonlyMap<ExtraMap, MapChange>
  /** What none of them has any more, after the last host has left. */
  readonly formerExtras: ReadonlyMap<ExtraMap, MapChange>
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
    let isNew = false
    for (const [name, address] of servers) {
      const server = current?.get(name)
      if (!server) {
        isNew = true
        adds.push(`add server ${slot}/${name} ${address} ${serverSettings};enable health ${slot}/${name}`)
        enable.push(`enable server ${slot}/${name}`)
      } else if (server.state !== 'ready') enable.push(`set server ${slot}/${name} state ready`)
    }
    // HAProxy gives servers their cookies at this word alone.
    if (isNew && isSticky(slot)) adds.push(`enable dynamic-cookie backend ${slot}`)
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
    extras: extraChanges((name) => mapChange(desired.extras[name], actual.extras[name]), 'set'),
    formerExtras: extraChanges((name) => mapChange(desired.extras[name], actual.extras[name]), 'remove'),
    drains,
  }
}

// An app that leaves its slot for another kind is let in nowhere without its password while it moves.
function extraChanges(
  changeOf: (name: ExtraMap) => MapChange,
  part: keyof MapChange,
): ReadonlyMap<ExtraMap, MapChange> {
  const none: MapChange = { set: [], remove: [] }
  return new Map(extraMapNames.map((name) => [name, { ...none, [part]: changeOf(name)[part] }]))
}

/** Whether anything of `desired.extras` has to be changed. */
export const hasOtherExtras = (desired: Desired, actual: Actual): boolean =>
  extraMapNames.some((name) => {
    const { set, remove } = mapChange(desired.extras[name], actual.extras[name])
    return set.length + remove.length > 0
  })

/** What HAProxy holds once the plan from `actual` to `desired` is carried out. */
export function afterPlan(desired: Desired, actual: Actual): Actual {
  const slots = new Map<string, Map<string, Server>>()
  for (const [slot, current] of actual.slots) {
    const wanted = desired.slots.get(slot)
    for (const [name, server] of current) {
      if (wanted?.has(name)) continue
      put(slots, slot, name, server.state === 'ready' ? { ...server, state: leavingState(slot) } : server)
    }
  }
  for (const [slot, servers] of desired.slots) {
    for (const [name, address] of servers) put(slots, slot, name, { address, state: 'ready' })
  }
  const { hosts, wildcards, challenges, extras } = desired
  return { ...actual, slots, hosts, wildcards, challenges, extras }
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
      commands.push(`set server ${slot}/${name} state ${leavingState(slot)}`)
  }
  return commands
}

const isSticky = (slot: string): boolean => kindOfSlot(slotNumber(slot) ?? 0).sticky

/** A server in state drain still gets the requests that carry its cookie; in maint, too, what is in flight ends. */
const leavingState = (slot: string): ServerState => (isSticky(slot) ? 'maint' : 'drain')

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
