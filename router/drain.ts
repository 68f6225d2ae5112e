import type { Haproxy } from './haproxy.ts'
import { HaproxyError } from './haproxy.ts'
import type { Server } from './reconcile.ts'

type Slots = ReadonlyMap<string, ReadonlyMap<string, Server>>

/** Sees to it that a server which left the table is deleted once nothing is in flight to it. */
export type Drain = {
  /**
   * Deletes the servers in `slots` that are no longer ready and idle; returns the rest.
   * @param wanted addresses that are in the table: not counted as draining, wherever they leave a slot
   */
  poll(slots: Slots, wanted: ReadonlySet<string>): Promise<Slots>
  /** Backend URL to requests and connections in flight, as of the last poll. */
  counts(): ReadonlyMap<string, number>
  /** Whether something is left to wait for. */
  isBusy(): boolean
  /** HAProxy may have workers left over from a reload: look at them too. */
  expectOldWorkers(): void
}

/** A drain that works through `haproxy`. */
export function createDrain(haproxy: Haproxy): Drain {
  let counts: ReadonlyMap<string, number> = new Map()
  let oldWorkers = true
  let waiting = false

  return {
    counts: () => counts,
    isBusy: () => waiting,
    expectOldWorkers() {
      oldWorkers = true
    },
    async poll(slots, wanted) {
      const leaving = [...slots].flatMap(([slot, servers]) =>
        [...servers].flatMap(([name, { address, state }]) =>
          state === 'ready' ? [] : [{ slot, name, address }],
        ),
      )
      const next = new Map<string, number>()
      const count = (address: string, inFlight: number): void => {
        if (!wanted.has(address)) next.set(urlOf(address), (next.get(urlOf(address)) ?? 0) + inFlight)
      }
      const gone = new Set<string>()
      if (leaving.length > 0) {
        const load = new Map(
          (await haproxy.load([...new Set(leaving.map(({ slot }) => slot))])).map((row) => [
            `${row.slot}/${row.address}`,
            row.inFlight,
          ]),
        )
        for (const { slot, name, address } of leaving) {
          const inFlight = load.get(`${slot}/${address}`) ?? 0
          if (inFlight === 0 && (await isDeleted(haproxy, `${slot}/${name}`))) gone.add(`${slot}/${name}`)
          else count(address, Math.max(inFlight, 1))
        }
      }
      if (oldWorkers) {
        const load = await haproxy.oldLoad()
        oldWorkers = load !== undefined
        for (const { address, inFlight } of load ?? []) if (inFlight > 0) count(address, inFlight)
      }
      counts = next
      waiting = oldWorkers || leaving.length > gone.size
      return gone.size === 0 ? slots : without(slots, gone)
    },
  }
}

// HAProxy knows best: it refuses while a request has chosen this server but is not connected yet.
async function isDeleted(haproxy: Haproxy, server: string): Promise<boolean> {
  try {
    await haproxy.run([`set server ${server} state maint;del server ${server}`])
    return true
  } catch (error) {
    if (error instanceof HaproxyError && error.message.includes('cannot remove it')) return false
    throw error
  }
}

function without(slots: Slots, gone: ReadonlySet<string>): Slots {
  const rest = new Map<string, ReadonlyMap<string, Server>>()
  for (const [slot, servers] of slots) {
    const kept = [...servers].filter(([name]) => !gone.has(`${slot}/${name}`))
    if (kept.length > 0) rest.set(slot, new Map(kept))
  }
  return rest
}

function urlOf(address: string): string {
  const colon = address.lastIndexOf(':')
  const ip = address.slice(0, colon)
  return `http://${ip.includes(':') ? `[${ip}]` : ip}${address.slice(colon)}`
}
