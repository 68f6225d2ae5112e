import { setTimeout as delay } from 'node:timers/promises'
import { carryOut, readActual } from './carry-out.ts'
import { createCertificates } from './certificates.ts'
import {
  type ConfigurationOptions,
  configurationDescription,
  configurationText,
  mapText,
} from './configuration.ts'
import type { Epoch } from './contract.ts'
import { type Desired, desiredOf, ownerOf, slottedTargets } from './desired.ts'
import { createDrain } from './drain.ts'
import { extraMapNames } from './extra-maps.ts'
import { createHaproxy, type HaproxyInfo } from './haproxy.ts'
import { type Actual, afterPlan, hasOtherExtras } from './reconcile.ts'
import { replaceFile } from './replace-file.ts'
import type { Report } from './report.ts'
import { assignSlots, busySlots, capacityFor, heldSlots, slotNumber } from './slots.ts'
import { emptyTable, type Routes, routesOf, type Table } from './table.ts'

/** What HAProxy serves from now on. */
export type Served = {
  readonly epoch: Epoch | undefined
  /** Backend URLs that left the table, with what they are still busy with. */
  readonly draining: ReadonlyMap<string, number>
}

/** Keeps HAProxy, and the files that it starts from, equal to the newest table. */
export type Balancer = {
  /** Takes `table` as what should be served; `onServed` says when it is. */
  serve(table: Table): void
  /** The routes that should be served. */
  routes(): Routes
  /** Which target holds the slot `name`. */
  ownerOfSlot(name: string): string | undefined
  /** Target to the requests and connections that its servers are busy with. Throws `HaproxyError`. */
  inFlight(): Promise<ReadonlyMap<string, number>>
  /** Writes the files that HAProxy starts from. */
  write(): Promise<void>
  /**
   * Works until `signal` aborts. Before the first table it leaves a HAProxy and files of this boot as they are: they
   * know more than it does.
   */
  run(signal: AbortSignal): Promise<void>
}

export type BalancerOptions = {
  readonly configuration: ConfigurationOptions
  readonly report: Report
  /** Every connection from now on is served so. */
  onServed(served: Served): void
  onDraining(draining: ReadonlyMap<string, number>): void
  /** HAProxy does not answer; `onServed` says when it serves again. */
  onDown(): void
}

const idlePollMs = 1_000
const drainPollMs = 100
const retryMs = 100
const writeDelayMs = 200
// HAProxy takes a moment to start or to reload; only what lasts is worth a line.
const patienceMs = 1_000
const reloadDeadlineMs = 15_000
// A worker that was replaced by a reload answers on its open connections for as long as `close-spread-time` says.
const reloadSpreadMs = 2_200

/** A balancer that serves nothing yet. */
export function createBalancer(options: BalancerOptions): Balancer {
  const { configuration, report, onServed, onDraining, onDown } = options
  const { paths } = configuration
  const haproxy = createHaproxy(paths)
  const drain = createDrain(haproxy)
  const certificates = createCertificates(haproxy, paths, report)
  const description = configurationDescription(configuration)
  let table: Table = emptyTable
  let routes: Routes = routesOf(table)
  let slots: ReadonlyMap<string, number> = new Map()
  /** Slots that HAProxy has in use, whoever held them: not to be given to another target. */
  let busy: ReadonlySet<number> = new Set()
  /** The backends that HAProxy serves. */
  let addresses: ReadonlySet<string> = new Set()
  /** What HAProxy holds; undefined where that must be read first. */
  let actual: Actual | undefined
  /** The table that HAProxy serves. */
  let served: Table | undefined
  let spreadUntil = 0
  let nudge = Promise.withResolvers<void>()
  let isRunning = false
  let writing: Promise<void> = Promise.resolve()
  let writeTimer: NodeJS.Timeout | undefined

  return {
    serve(next) {
      table = next
      routes = routesOf(next)
      if (isRunning) writeSoon()
      nudge.resolve()
    },
    routes: () => routes,
    ownerOfSlot(name) {
      const number = slotNumber(name)
      if (number === undefined) return undefined
      return [...slots].find(([, slot]) => slot === number)?.[0]
    },
    async inFlight() {
      const counts = new Map<string, number>()
      for (const { slot, name, inFlight } of await haproxy.load()) {
        const owner = ownerOf(name)
        if (slotNumber(slot) !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + inFlight)
      }
      return counts
    },
    write,
    async run(signal) {
      isRunning = true
      if (table.epoch) writeSoon()
      signal.addEventListener('abort', () => nudge.resolve(), { once: true })
      let failure: { readonly text: string; readonly since: number; reported: boolean } | undefined
      while (!signal.aborted) {
        nudge = Promise.withResolvers()
        try {
          const waitMs = await step()
          if (failure?.reported) report('HAProxy serves again')
          failure = undefined
          if (waitMs > 0) await pause(waitMs, nudge.promise)
        } catch (error) {
          // Whatever went wrong, HAProxy's state is read anew and the newest table tried again.
          actual = undefined
          served = undefined
          const text = error instanceof Error ? error.message : String(error)
          if (!failure) onDown()
          if (failure?.text !== text) failure = { text, since: Date.now(), reported: false }
          if (!failure.reported && Date.now() - failure.since >= patienceMs) {
            report(text)
            failure.reported = true
          }
          await delay(retryMs)
        }
      }
      if (table.epoch) await write()
    },
  }

  /** One step towards the newest table. Returns how long nothing needs to be done. */
  async function step(): Promise<number> {
    const info = await haproxy.info()
    if (actual?.pid !== info.pid) actual = await read(info)
    if (!table.epoch && info.description.startsWith(`paas ${configuration.boot} `)) return idle()
    if (info.description !== description) return reload(info, 'it runs with another configuration')
    const wanted = table
    if (served !== wanted) {
      const desired = assign()
      if (neededSlots() > actual.capacity) return reload(info, `${actual.capacity} slots are not enough`)
      const before = actual
      const after = afterPlan(desired, before)
      // Until all commands have succeeded nobody knows what HAProxy holds.
      actual = undefined
      busy = busySlots(before, after)
      // The server removes files that no router needs: the next HAProxy must not look for them. And who has just asked
      // for passwords must not find his app open because HAProxy died.
      const isLoaded = await certificates.load(desired.certificates)
      if (isLoaded || hasOtherExtras(desired, before)) await write()
      await carryOut(haproxy, paths, desired, before)
      if ((await haproxy.info()).pid !== info.pid) return 0
      actual = after
      addresses = new Set([...desired.slots.values()].flatMap((servers) => [...servers.values()]))
    }
    const counts = drain.counts()
    const left = await drain.poll(actual.slots, addresses)
    if (left !== actual.slots) {
      actual = { ...actual, slots: left }
      busy = busySlots(actual)
    }
    if (served !== wanted) {
      if (Date.now() < spreadUntil) return drainPollMs
      served = wanted
      onServed({ epoch: wanted.epoch, draining: drain.counts() })
    } else if (!isEqual(counts, drain.counts())) onDraining(drain.counts())
    return drain.isBusy() ? drainPollMs : idlePollMs
  }

  function idle(): number {
    if (served !== table) {
      served = table
      onServed({ epoch: undefined, draining: new Map() })
    }
    return idlePollMs
  }

  async function read(info: HaproxyInfo): Promise<Actual> {
    const state = await readActual(haproxy, paths, info.pid)
    slots = heldSlots(state, slots)
    busy = busySlots(state)
    certificates.forget()
    served = undefined
    drain.expectOldWorkers()
    return state
  }

  async function reload(info: HaproxyInfo, reason: string): Promise<number> {
    if (Date.now() < spreadUntil) throw new Error(`HAProxy was just reloaded, and still: ${reason}`)
    report(`reloading HAProxy: ${reason}`)
    await write()
    await haproxy.reload()
    const deadline = Date.now() + reloadDeadlineMs
    while (((await haproxy.info().catch(() => undefined)) ?? info).pid === info.pid) {
      if (Date.now() > deadline) throw new Error('HAProxy did not reload')
      await delay(20)
    }
    spreadUntil = Date.now() + reloadSpreadMs
    return 0
  }

  function assign(): Desired {
    slots = assignSlots(slottedTargets(routes), slots, busy)
    return desiredOf(routes, slots)
  }

  function neededSlots(): number {
    let needed = 0
    for (const slot of slots.values()) needed = Math.max(needed, slot + 1)
    return needed
  }

  function write(): Promise<void> {
    clearTimeout(writeTimer)
    writeTimer = undefined
    const mine = writing.then(async () => {
      const desired = assign()
      const capacity = Math.max(capacityFor(neededSlots()), actual?.capacity ?? 0)
      await replaceFile(paths.hosts, mapText(desired.hosts))
      await replaceFile(paths.wildcards, mapText(desired.wildcards))
      await replaceFile(paths.challenges, mapText(desired.challenges))
      for (const name of extraMapNames) await replaceFile(paths.extras[name], mapText(desired.extras[name]))
      await replaceFile(paths.certificateList, await certificates.list(desired.certificates))
      await replaceFile(paths.configuration, configurationText(configuration, desired, capacity))
    })
    writing = mine.catch(() => {})
    return mine
  }

  function writeSoon(): void {
    writeTimer ??= setTimeout(() => {
      write().catch((error: Error) => report(`can't write what HAProxy starts from: ${error.message}`))
    }, writeDelayMs)
  }
}

const isEqual = (one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value)

function pause(ms: number, nudged: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    nudged.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
