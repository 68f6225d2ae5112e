import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import {
  type AppRoute,
  appliedChannel,
  appsKey,
  deadKey,
  drainingKey,
  epochKey,
  formatEpoch,
  frontendKey,
  hostsKey,
  parseEpoch,
  type RouterState,
  routersKey,
  routerTtlMs,
  routesChannel,
} from '../../router/contract.ts'
import { UnavailableError } from '../errors.ts'
import { connectRedis, redisUnavailable } from './connection.ts'

/** Where the routes come from: the state store's view, app id -> route. An app that is gone has no entry. */
export type RouteSource = {
  all(): ReadonlyMap<string, AppRoute>
  one(appId: string): AppRoute | undefined
}

const ackTimeoutMs = 10_000
const readyTimeoutMs = 5_000
const watchMs = 1_000

/**
 * Writes the routes of our apps to Redis, whole in one MULTI, and waits until every router serves them.
 * Redis only derives: when it was flushed or restarted, all is written again from the state store.
 */
export class Routes {
  readonly #source: RouteSource
  readonly #log: (line: string) => void
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  readonly #applied = new Set<() => void>()
  #generation = 0
  #watch: NodeJS.Timeout | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: { url: string; source: RouteSource; log: (line: string) => void }) {
    this.#source = options.source
    this.#log = options.log
    const onError = (error: Error): void => options.log(`Redis: ${error.message}`)
    this.#redis = connectRedis(options.url, onError)
    this.#subscriber = connectRedis(options.url, () => {})
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(appliedChannel).catch((error: Error) => this.#log(`Redis: ${error.message}`))
    })
    this.#subscriber.on('message', () => {
      for (const wake of this.#applied) wake()
    })
  }

  /** Publishes everything now and again whenever Redis has lost it. */
  follow(): void {
    const look = async (): Promise<void> => {
      if (this.#redis.status === 'ready') {
        const epoch = parseEpoch(await this.#redis.get(epochKey))
        if (epoch?.boot !== this.#boot || epoch.generation < this.#generation || this.#generation === 0)
          await this.#publishAll()
      }
    }
    const again = (): void => {
      look()
        .catch((error: Error) => this.#log(`Routes could not be written, trying again: ${error.message}`))
        .finally(() => {
          this.#watch = setTimeout(again, this.#generation === 0 ? 50 : watchMs)
        })
    }
    again()
  }

  /** Throws `UnavailableError` where Redis or the router would not take a change within 5 s: asked before the switch. */
  async assertReady(): Promise<void> {
    const deadline = Date.now() + readyTimeoutMs
    while ((await this.#routers()).size === 0 && Date.now() < deadline) await wait(100)
    if ((await this.#routers()).size > 0) return
    throw new UnavailableError('The router does not answer; nothing was changed', {
      next: 'On the server: make status, then make up',
    })
  }

  /**
   * Writes the route of one app and returns when every router serves it.
   * Throws `UnavailableError` where Redis or a router does not answer within 10 s; `follow` then goes on trying.
   */
  async publish(appId: string, signal?: AbortSignal): Promise<void> {
    const generation = await this.#serially(() =>
      this.#write(new Map([[appId, this.#source.one(appId)]]), false),
    )
    await this.#untilApplied(generation, signal)
  }

  /** Writes all routes and waits like `publish`. */
  async rebuild(signal?: AbortSignal): Promise<void> {
    await this.#untilApplied(await this.#publishAll(), signal)
  }

  /** Requests and connections that routers still carry for `urls`, by URL; empty: all drained. */
  async draining(urls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    if (urls.length === 0) return counts
    const routers = await this.#routers()
    for (const id of routers.keys()) {
      const values = await this.#ask(this.#redis.hmget(drainingKey(id), ...urls))
      values.forEach((value, index) => {
        const url = urls[index]
        if (url !== undefined && value !== null) counts.set(url, (counts.get(url) ?? 0) + Number(value))
      })
    }
    return counts
  }

  /** What Redis holds, for `routes`: host -> list as it stands there. */
  async table(hosts: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const table = new Map<string, readonly string[]>()
    for (const host of hosts) table.set(host, await this.#ask(this.#redis.lrange(frontendKey(host), 0, -1)))
    return table
  }

  /** Host -> 0-based indexes of backends that are marked dead. */
  async dead(host: string): Promise<ReadonlySet<number>> {
    return new Set((await this.#ask(this.#redis.smembers(deadKey(host)))).map(Number))
  }

  async close(): Promise<void> {
    clearTimeout(this.#watch)
    await this.#queue.catch(() => {})
    this.#subscriber.disconnect()
    this.#redis.disconnect()
  }

  #publishAll(): Promise<number> {
    return this.#serially(() => this.#write(this.#source.all(), true))
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  /** One MULTI: lists, dead marks, ownership, epoch and notice change together. Returns the generation. */
  async #write(routes: ReadonlyMap<string, AppRoute | undefined>, whole: boolean): Promise<number> {
    const owned = await this.#ask(this.#redis.hgetall(hostsKey))
    const known = whole ? await this.#ask(this.#redis.hkeys(appsKey)) : []
    const multi = this.#redis.multi()
    const touched = new Set<string>()
    for (const [host, appId] of Object.entries(owned)) {
      const keeps = routes.get(appId)?.hosts.includes(host) === true
      if (keeps || (!whole && !routes.has(appId))) continue
      multi.del(frontendKey(host), deadKey(host)).hdel(hostsKey, host)
      touched.add(host)
    }
    for (const appId of known) if (!routes.has(appId)) multi.hdel(appsKey, appId)
    for (const [appId, route] of routes) {
      if (!route) multi.hdel(appsKey, appId)
      else multi.hset(appsKey, appId, JSON.stringify(route))
      for (const host of route?.hosts ?? []) {
        const urls = route?.backends.map((backend) => backend.url) ?? []
        multi
          .del(frontendKey(host), deadKey(host))
          .rpush(frontendKey(host), appId, ...urls)
          .hset(hostsKey, host, appId)
        touched.add(host)
      }
    }
    const generation = Math.max(this.#generation + 1, Date.now())
    multi.set(epochKey, formatEpoch({ boot: this.#boot, generation }))
    multi.publish(routesChannel, [generation, ...(whole ? [] : touched)].join(' '))
    await this.#ask(multi.exec())
    this.#generation = generation
    return generation
  }

  async #untilApplied(generation: number, signal?: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(ackTimeoutMs)
    for (;;) {
      const woken = Promise.withResolvers<void>()
      this.#applied.add(woken.resolve)
      const poll = setTimeout(woken.resolve, 250)
      try {
        const routers = await this.#routers()
        if (routers.size > 0 && [...routers.values()].every((router) => router.generation >= generation))
          return
        signal?.throwIfAborted()
        if (deadline.aborted) {
          throw new UnavailableError('The routes are stored, but a router has not taken them within 10 s', {
            next: 'On the server: make status, then make logs',
          })
        }
        await woken.promise
      } finally {
        clearTimeout(poll)
        this.#applied.delete(woken.resolve)
      }
    }
  }

  /** Routers of this boot that have spoken lately. */
  async #routers(): Promise<ReadonlyMap<string, RouterState>> {
    const rows = await this.#ask(this.#redis.hgetall(routersKey))
    const states = Object.entries(rows).map(([id, text]) => [id, JSON.parse(text) as RouterState] as const)
    return new Map(
      states.filter(([, state]) => state.boot === this.#boot && Date.now() - state.at < routerTtlMs),
    )
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      throw redisUnavailable(cause)
    }
  }
}
