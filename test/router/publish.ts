import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import {
  type AppRoute,
  appsKey,
  deadKey,
  epochKey,
  formatEpoch,
  frontendKey,
  hostsKey,
  routesChannel,
} from '../../router/contract.ts'

export const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Publishes apps as the server does: the rows, the epoch and the message in one MULTI. */
export function createPublisher(redis: Redis, boot = bootId) {
  const apps = new Map<string, AppRoute>()
  let generation = 0

  const write = async (changes: ReadonlyMap<string, AppRoute | undefined>, hosts: readonly string[]) => {
    // Neither contiguous nor small: the server takes the time.
    generation = Math.max(generation + 1, Date.now())
    const transaction = redis.multi()
    for (const [id, next] of changes) {
      for (const host of apps.get(id)?.hosts ?? []) {
        if (next?.hosts.includes(host)) continue
        transaction.del(frontendKey(host), deadKey(host)).hdel(hostsKey, host)
      }
      if (next) apps.set(id, next)
      else apps.delete(id)
      if (!next) transaction.hdel(appsKey, id)
      else transaction.hset(appsKey, id, JSON.stringify(next))
      for (const host of next?.hosts ?? []) {
        transaction.del(frontendKey(host), deadKey(host)).hset(hostsKey, host, id)
        transaction.rpush(frontendKey(host), id, ...(next?.backends ?? []).map(({ url }) => url))
      }
    }
    transaction.set(epochKey, formatEpoch({ boot, generation }))
    transaction.publish(routesChannel, [generation, ...hosts].join(' '))
    const replies = (await transaction.exec()) ?? []
    for (const [error] of replies) if (error) throw error
    return generation
  }

  return {
    /** Publishes these apps; undefined takes one out. Returns the generation. */
    publish(changes: Readonly<Record<string, AppRoute | undefined>>): Promise<number> {
      const entries = new Map(Object.entries(changes))
      const hosts = [...entries].flatMap(([id, next]) => [
        ...(apps.get(id)?.hosts ?? []),
        ...(next?.hosts ?? []),
      ])
      return write(entries, [...new Set(hosts)])
    },
    /** Writes everything again, as after a flush. */
    publishAll(): Promise<number> {
      return write(new Map(apps), [])
    },
  }
}

/** An app's route to backends at `addresses` (`IP:PORT`), named web.1, web.2, ... */
export function route(hosts: readonly string[], addresses: readonly string[], release = 1): AppRoute {
  return {
    name: hosts[0] ?? 'app',
    hosts,
    backends: addresses.map((address, index) => ({
      url: `http://${address}`,
      process: `web.${index + 1}`,
      release,
    })),
  }
}
