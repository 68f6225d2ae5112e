import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import {
  type AppRoute,
  appliedChannel,
  appsKey,
  deadKey,
  drainingKey,
  type Epoch,
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
import { InterruptedError, UnavailableError } from '../errors.ts'
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
  /** Redis may lack what we have to say: nothing was written yet, or a write failed. */
  #behind = true
  #following = false
  #closed = false
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

  /**
   * Publishes everything now, and again whenever Redis has lost it or a change could not be written. Called once
   * it is known what runs: until then nothing is published, and routers keep what they have.
   */
  follow(): void {
    this.#following = true
    const look = async (): Promise<void> => {
      if (this.#redis.status !== 'ready') return
      const epoch = parseEpoch(await this.#redis.get(epochKey))
      if (this.#isBehind(epoch)) await this.#serially(() => this.#write(undefined))
    }
    const again = (): void => {
      look()
        .catch((error: Error) => this.#log(`Routes could not be written, trying again: ${error.message}`))
        .finally(() => {
          if (!this.#closed) this.#watch = setTimeout(again, this.#behind ? 50 : watchMs)
        })
    }
    again()
  }

  /**
   * Returns when Redis and the router would take a change: asked before the switch. A restart of theirs is waited
   * for; throws `UnavailableError` after 5 s.
   */
  async assertReady(signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + readyTimeoutMs
    for (;;) {
      const missing = await this.missing()
      if (missing === undefined) return
      if (signal?.aborted) throw new InterruptedError()
      if (Date.now() > deadline) {
        throw new UnavailableError(`${missing}; nothing was changed`, {
          next: 'On the server: make status, then make up',
        })
      }
      await wait(50)
    }
  }

  /**
   * Writes the route of one app and returns when every router serves it. Throws `UnavailableError` where Redis or a
   * router does not take it within 10 s; `follow` then goes on trying.
   */
  async publish(appId: string, signal?: AbortSignal): Promise<void> {
    await this.#change(appId, signal)
  }

  /** Writes all routes and waits like `publish`. */
  async rebuild(signal?: AbortSignal): Promise<void> {
    await this.#change(undefined, signal)
  }

  /**
   * Requests and connections that routers still carry for `urls`, by URL; empty: all drained. Throws
   * `UnavailableError` as long as a router may not serve the newest routes: it may still send requests there.
   */
  async draining(urls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const generation = this.#generation
    const ids = [...(await this.#routers()).keys()]
    // In one transaction: a Redis that was flushed in between would show everything as drained.
    const transaction = this.#redis.multi().hgetall(routersKey)
    for (const id of ids) transaction.hmget(drainingKey(id), ...urls)
    const [rows, ...lists] = await this.#results(transaction.exec())
    const routers = this.#alive(rows as Record<string, string>)
    if (!this.#following || this.#behind || !serve(routers, generation) || routers.size !== ids.length)
      throw new UnavailableError('A router has not taken the newest routes yet')
    const counts = new Map<string, number>()
    for (const values of lists as (string | null)[][]) {
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
    this.#closed = true
    clearTimeout(this.#watch)
    await this.#queue.catch(() => {})
    this.#subscriber.disconnect()
    this.#redis.disconnect()
  }

  /** Writes one app's route, or all, and waits for the routers; what may be a restart of theirs is waited for too. */
  async #change(appId: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const deadline = Date.now() + ackTimeoutMs
    for (;;) {
      try {
        if (!this.#following) throw new UnavailableError('The server does not know yet what runs')
        const generation = await this.#serially(() => this.#write(appId))
        return await this.#untilApplied(generation, deadline, signal)
      } catch (error) {
        if (!(error instanceof UnavailableError) || Date.now() > deadline || this.#closed) throw error
      }
      if (signal?.aborted) throw new InterruptedError()
      await wait(100)
    }
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  /** Whether Redis lacks something that we have to say: it was flushed, restarted or out of reach. */
  #isBehind(epoch: Epoch | undefined): boolean {
    return this.#behind || epoch?.boot !== this.#boot || epoch.generation < this.#generation
  }

  /**
   * One MULTI: lists, dead marks, ownership, epoch and notice change together. Returns the generation.
   * Where Redis may lack other apps' routes, all are written: an epoch says that the whole table is there.
   */
  async #write(appId: string | undefined): Promise<number> {
    try {
      for (;;) {
        const generation = await this.#tryWrite(appId)
        if (generation !== undefined) return generation
      }
    } catch (error) {
      this.#behind = true
      throw error
    }
  }

  /** Undefined where the table was flushed or written by somebody else while we looked at it. */
  async #tryWrite(appId: string | undefined): Promise<number | undefined> {
    await this.#ask(this.#redis.watch(epochKey))
    const [epochText, owned, known, rows] = await this.#results(
      this.#redis.pipeline().get(epochKey).hgetall(hostsKey).hkeys(appsKey).hgetall(routersKey).exec(),
    )
    const epoch = parseEpoch(epochText as string | null)
    const whole = appId === undefined || this.#isBehind(epoch)
    const routes = whole ? this.#source.all() : new Map([[appId, this.#source.one(appId)]])
    const multi = this.#redis.multi()
    const touched = new Set<string>()
    for (const [host, owner] of Object.entries(owned as Record<string, string>)) {
      const keeps = routes.get(owner)?.hosts.includes(host) === true
      if (keeps || (!whole && !routes.has(owner))) continue
      multi.del(frontendKey(host), deadKey(host)).hdel(hostsKey, host)
      touched.add(host)
    }
    if (whole) for (const id of known as string[]) if (!routes.has(id)) multi.hdel(appsKey, id)
    for (const [id, route] of routes) {
      if (!route) multi.hdel(appsKey, id)
      else multi.hset(appsKey, id, JSON.stringify(route))
      for (const host of route?.hosts ?? []) {
        const urls = route?.backends.map((backend) => backend.url) ?? []
        multi
          .del(frontendKey(host), deadKey(host))
          .rpush(frontendKey(host), id, ...urls)
          .hset(hostsKey, host, id)
        touched.add(host)
      }
    }
    // Also when the clock was set back, routers must not take it for an older table than the one they have.
    const newest = [...this.#alive(rows as Record<string, string>).values()].map(
      (router) => router.generation,
    )
    if (epoch?.boot === this.#boot) newest.push(epoch.generation)
    const generation = Math.max(Date.now(), this.#generation + 1, ...newest.map((each) => each + 1))
    multi.set(epochKey, formatEpoch({ boot: this.#boot, generation }))
    multi.publish(routesChannel, [generation, ...(whole ? [] : touched)].join(' '))
    const written = await this.#ask(multi.exec())
    if (!written) return undefined
    for (const [error] of written) if (error) throw redisUnavailable(error)
    this.#generation = generation
    this.#behind = false
    return generation
  }

  async #untilApplied(generation: number, deadline: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const woken = Promise.withResolvers<void>()
      this.#applied.add(woken.resolve)
      const poll = setTimeout(woken.resolve, 250)
      try {
        if (serve(await this.#routers(), generation)) return
        if (signal?.aborted) throw new InterruptedError()
        if (Date.now() > deadline) {
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

  /** What a change would have to wait for: `The router does not answer`; undefined: nothing. */
  async missing(): Promise<string | undefined> {
    if (!this.#following) return 'The server does not know yet what runs'
    try {
      return (await this.#routers()).size > 0 ? undefined : 'The router does not answer'
    } catch (error) {
      if (error instanceof UnavailableError) return error.message
      throw error
    }
  }

  /** `missing`, or that a router is behind; undefined: every router serves the newest routes. */
  async lacking(): Promise<string | undefined> {
    const missing = await this.missing()
    if (missing !== undefined) return missing
    const served = !this.#behind && serve(await this.#routers(), this.#generation)
    return served ? undefined : 'A router has not taken the newest routes yet'
  }

  async #routers(): Promise<ReadonlyMap<string, RouterState>> {
    return this.#alive(await this.#ask(this.#redis.hgetall(routersKey)))
  }

  /** Routers of this boot that have spoken lately. */
  #alive(rows: Readonly<Record<string, string>>): ReadonlyMap<string, RouterState> {
    const states = Object.entries(rows).map(([id, text]) => [id, JSON.parse(text) as RouterState] as const)
    return new Map(
      states.filter(([, state]) => state.boot === this.#boot && Date.now() - state.at < routerTtlMs),
    )
  }

  async #results(answers: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
    return ((await this.#ask(answers)) ?? []).map(([error, value]) => {
      if (error) throw redisUnavailable(error)
      return value
    })
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      throw redisUnavailable(cause)
    }
  }
}

const serve = (routers: ReadonlyMap<string, RouterState>, generation: number): boolean =>
  routers.size > 0 && [...routers.values()].every((router) => router.generation >= generation)
