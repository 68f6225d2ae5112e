import type { AppTraffic } from './contract.ts'
import { field, type LoggedRequest, numberOf, serviceMs, textOf } from './logged-request.ts'
import { noServer, type Outcome } from './outcome.ts'

/** What was asked of each app, counted since the router started, and of the last minutes apart. */
export type Traffic = {
  /** Counts a request of the app (or `unknown`, `foreign`) of this id. */
  count(id: string, request: LoggedRequest, outcome: Outcome): void
  /** Of all that anything was asked of. */
  totals(): ReadonlyMap<string, Totals>
  lastMinute(id: string): Omit<AppTraffic, 'inFlight' | 'refused'>
  /** See `AppTraffic`. */
  refused(id: string): AppTraffic['refused']
  /** Forgets whom `isKnown` does not know. */
  keep(isKnown: (id: string) => boolean): void
}

export type Totals = {
  /** Status to number of answers. */
  readonly statuses: ReadonlyMap<number, number>
  readonly bytes: number
  /** How many answers began within `edgesMs` of the same index, and not within a lower one; last those that took longer. */
  readonly classes: readonly number[]
  readonly sumMs: number
}

/** Milliseconds until an answer begins, as they are told apart. */
export const edgesMs: readonly number[] = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000,
  7_000, 10_000, 30_000, 60_000,
]

const slotMs = 10_000
const slots = 6

type Slot = { number: number; requests: number; failed: number; readonly classes: Uint32Array }

const refusals: ReadonlySet<number> = new Set([401, 411, 413, 429])
const minuteMs = 60_000
const refusedMinutes = 10

type Tally = {
  /** Minute to status to number of requests that the router refused. */
  readonly refused: Map<number, Map<number, number>>
  readonly statuses: Map<number, number>
  readonly classes: number[]
  readonly recent: readonly Slot[]
  bytes: number
  sumMs: number
}

/** @param now the clock, in milliseconds */
export function createTraffic(now: () => number = Date.now): Traffic {
  const tallies = new Map<string, Tally>()

  const tallyOf = (id: string): Tally => {
    const known = tallies.get(id)
    if (known) return known
    const tally = emptyTally()
    tallies.set(id, tally)
    return tally
  }

  const recentOf = (tally: Tally): readonly Slot[] => {
    const current = Math.floor(now() / slotMs)
    return tally.recent.filter((slot) => slot.number > current - slots)
  }

  return {
    count(id, request, { status, code }) {
      const tally = tallyOf(id)
      const time = now()
      const ms = serviceMs(request)
      const index = classOf(ms)
      tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1)
      tally.classes[index] = (tally.classes[index] ?? 0) + 1
      tally.bytes += numberOf(request, field.bytes)
      tally.sumMs += ms
      const isRefused = refusals.has(status) && textOf(request, field.server) === noServer
      if (isRefused || code === 'H12') countRefusal(tally, status, Math.floor(time / minuteMs))
      const slot = currentSlot(tally, Math.floor(time / slotMs))
      slot.requests++
      if (status >= 500) slot.failed++
      slot.classes[index] = (slot.classes[index] ?? 0) + 1
    },
    totals: () => tallies,
    lastMinute(id) {
      const tally = tallies.get(id)
      const recent = tally ? recentOf(tally) : []
      const sum = (of: (slot: Slot) => number): number => recent.reduce((total, slot) => total + of(slot), 0)
      const classes = Array.from({ length: edgesMs.length + 1 }, (_, index) =>
        sum((slot) => slot.classes[index] ?? 0),
      )
      return {
        requests: sum((slot) => slot.requests),
        failed: sum((slot) => slot.failed),
        p95Ms: percentile(classes, 0.95),
      }
    },
    refused(id) {
      const counts: Record<string, number> = {}
      for (const [minute, statuses] of tallies.get(id)?.refused ?? []) {
        if (minute <= Math.floor(now() / minuteMs) - refusedMinutes) continue
        for (const [status, count] of statuses) counts[status] = (counts[status] ?? 0) + count
      }
      return counts
    },
    keep(isKnown) {
      for (const id of tallies.keys()) if (!isKnown(id)) tallies.delete(id)
    },
  }
}

function emptyTally(): Tally {
  const classes = edgesMs.length + 1
  return {
    refused: new Map(),
    statuses: new Map(),
    classes: Array.from({ length: classes }, () => 0),
    recent: Array.from({ length: slots }, () => ({
      number: -1,
      requests: 0,
      failed: 0,
      classes: new Uint32Array(classes),
    })),
    bytes: 0,
    sumMs: 0,
  }
}

function countRefusal({ refused }: Tally, status: number, minute: number): void {
  for (const each of refused.keys()) if (each <= minute - refusedMinutes) refused.delete(each)
  const statuses = refused.get(minute) ?? new Map<number, number>()
  refused.set(minute, statuses.set(status, (statuses.get(status) ?? 0) + 1))
}

function classOf(ms: number): number {
  let index = 0
  while (index < edgesMs.length && ms > (edgesMs[index] ?? 0)) index++
  return index
}

function currentSlot({ recent }: Tally, number: number): Slot {
  const slot = recent[number % slots]
  if (!slot) throw new Error('There is no slot for now')
  if (slot.number !== number) {
    Object.assign(slot, { number, requests: 0, failed: 0 })
    slot.classes.fill(0)
  }
  return slot
}

/** The edge below which so large a share is; null where nothing is counted. What takes longer than all edges counts as the last. */
function percentile(classes: readonly number[], share: number): number | null {
  const all = classes.reduce((sum, count) => sum + count, 0)
  if (all === 0) return null
  let seen = 0
  for (const [index, count] of classes.entries()) {
    seen += count
    if (seen >= all * share) return edgesMs[index] ?? edgesMs.at(-1) ?? null
  }
  return null
}
