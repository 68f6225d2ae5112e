import { ownerOf } from './desired.ts'
import type { Actual } from './reconcile.ts'

/** What a slot can do beside sending requests on. `gzip` and `sticky` are extras. */
export type SlotKind = { readonly extras: boolean; readonly gzip: boolean; readonly sticky: boolean }

// A section of HAProxy is what it is from its start on: so of 16 slots 12 are plain, and one is of each other kind.
const period = 16

/** What slot `number` can do. */
export function kindOfSlot(number: number): SlotKind {
  const place = (number % period) - 12
  return { extras: place >= 0, gzip: place === 1 || place === 3, sticky: place >= 2 }
}

const isKind = (number: number, kind: SlotKind): boolean => {
  const has = kindOfSlot(number)
  return has.extras === kind.extras && has.gzip === kind.gzip && has.sticky === kind.sticky
}

/**
 * Gives each wanted target a slot (a backend section of HAProxy) of its own that is of its kind: the one it holds, else
 * the lowest that is neither held nor `busy` with servers or hosts of another target.
 */
export function assignSlots(
  wanted: Iterable<readonly [string, SlotKind]>,
  held: ReadonlyMap<string, number>,
  busy: ReadonlySet<number>,
): ReadonlyMap<string, number> {
  const assigned = new Map<string, number>()
  const taken = new Set(busy)
  const waiting: (readonly [string, SlotKind])[] = []
  for (const [id, kind] of wanted) {
    const slot = held.get(id)
    if (slot === undefined || !isKind(slot, kind)) waiting.push([id, kind])
    else {
      assigned.set(id, slot)
      taken.add(slot)
    }
  }
  if (waiting.length === 0 && assigned.size === held.size) return held
  const next = new Map<string, number>()
  for (const [id, kind] of waiting) {
    const key = JSON.stringify(kind)
    let number = next.get(key) ?? 0
    while (taken.has(number) || !isKind(number, kind)) number++
    assigned.set(id, number)
    next.set(key, number + 1)
  }
  return assigned
}

/**
 * How many slots to declare when the highest number in use is `used - 1`: room for 48 more plain ones, and 4 of each
 * other kind, without a reload. A hundred of them cost HAProxy 1.2 MB.
 */
export const capacityFor = (used: number): number => Math.ceil((used + 64) / 128) * 128

/** The name of slot `number` in HAProxy. */
export const slotName = (number: number): string => `s${number}`

/** The number in a slot's name, with marks or without; undefined for another backend. */
export function slotNumber(name: string): number | undefined {
  const number = /^s(\d+)(\.|$)/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** The slots in use in any of `states`: they have servers, or hosts lead to them. */
export function busySlots(...states: readonly Actual[]): Set<number> {
  const names = new Set<string>()
  for (const { slots, hosts, wildcards } of states) {
    for (const name of slots.keys()) names.add(name)
    for (const map of [hosts, wildcards]) for (const name of backendsIn(map)) names.add(name)
  }
  return new Set([...names].map(slotNumber).filter((number) => number !== undefined))
}

// Most changes leave the maps of thousands of hosts as they are, the same objects.
const known = new WeakMap<ReadonlyMap<string, string>, ReadonlySet<string>>()

function backendsIn(map: ReadonlyMap<string, string>): ReadonlySet<string> {
  const names = known.get(map) ?? new Set(map.values())
  known.set(map, names)
  return names
}

/** Who holds which slot as HAProxy's servers have it, and as `remembered` where it has none. */
export function heldSlots(actual: Actual, remembered: ReadonlyMap<string, number>): Map<string, number> {
  const held = new Map<string, number>()
  for (const state of ['ready', 'drain', 'maint'] as const) {
    for (const [slot, servers] of actual.slots) {
      const number = slotNumber(slot)
      for (const [name, server] of servers) {
        const owner = ownerOf(name)
        if (number !== undefined && server.state === state && !held.has(owner)) held.set(owner, number)
      }
    }
  }
  const taken = new Set([...held.values(), ...busySlots(actual)])
  for (const [id, number] of remembered) if (!held.has(id) && !taken.has(number)) held.set(id, number)
  return held
}
