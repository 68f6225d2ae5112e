import { Redis, ReplyError } from 'ioredis'
import {
  appliedChannel,
  appsKey,
  drainingKey,
  type Epoch,
  epochKey,
  frontendKey,
  hostsKey,
  parseEpoch,
  type RouterState,
  routersKey,
  routesChannel,
} from './contract.ts'

/** Our part of Redis as of one moment. */
export type OwnReading = {
  readonly epoch: Epoch | undefined
  /** Host to app id; undefined where the host is not ours. */
  readonly hosts: ReadonlyMap<string, string | undefined>
  /** App id to its JSON. */
  readonly apps: ReadonlyMap<string, string | undefined>
}

/** Host to the elements of its list, or to the reason why it is none. */
export type ForeignReading = ReadonlyMap<string, readonly string[] | Error>

export type RouteEvents = {
  /** Connected and subscribed: whatever happened before was not heard. */
  onReady(): void
  /** A publication of ours. */
  onRoutes(generation: number, hosts: readonly string[]): void
  /** Someone wrote this host's list. */
  onFrontend(host: string): void
  /** Redis won't tell of foreign writes: they have to be looked for. */
  onDeaf(reason: string): void
  onError(error: Error): void
}

/** The routes in Redis. This module alone imports its driver; while Redis is away every method throws. */
export type RouteStore = AsyncDisposable & {
  readEpoch(): Promise<Epoch | undefined>
  readAll(): Promise<OwnReading>
  readHosts(hosts: readonly string[]): Promise<OwnReading>
  listFrontends(): Promise<string[]>
  readFrontends(hosts: readonly string[]): Promise<ForeignReading>
  acknowledge(state: RouterState, draining: ReadonlyMap<string, number>): Promise<void>
  beat(state: RouterState, draining: ReadonlyMap<string, number>): Promise<void>
  writeDraining(draining: ReadonlyMap<string, number>): Promise<void>
}

/** Opens the routes at `url` (a URL, or the path of a unix socket) for router `id`. Reconnects for ever. */
export function openRouteStore(url: string, id: string, events: RouteEvents): RouteStore {
  const options = {
    retryStrategy: (attempt: number) => Math.min(attempt * 50, 500),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 10_000,
    connectTimeout: 5_000,
    disableClientInfo: true,
  }
  const redis = new Redis(url, options)
  const subscriber = new Redis(url, options)
  const notifications = `__keyspace@${subscriber.options.db ?? 0}__:${frontendKey('')}`

  const subscribe = async (): Promise<void> => {
    await subscriber.subscribe(routesChannel)
    await subscriber.psubscribe(`${notifications}*`)
    await enableNotifications(redis).catch((error: Error) => {
      if (!(error instanceof ReplyError)) throw error
      events.onDeaf(error.message)
    })
    events.onReady()
  }
  const onReady = (): void => {
    if (redis.status === 'ready' && subscriber.status === 'ready') subscribe().catch(events.onError)
  }
  for (const client of [redis, subscriber]) client.on('error', events.onError).on('ready', onReady)
  subscriber.on('message', (_channel: string, text: string) => {
    const [generation, ...hosts] = text.split(' ')
    events.onRoutes(Number(generation), hosts)
  })
  subscriber.on('pmessage', (_pattern: string, channel: string) => {
    events.onFrontend(channel.slice(notifications.length))
  })

  return {
    async readEpoch() {
      return parseEpoch(await redis.get(epochKey))
    },
    async readAll() {
      const [epoch, hosts, apps] = await results(
        redis.multi().get(epochKey).hgetall(hostsKey).hgetall(appsKey).exec(),
      )
      return {
        epoch: parseEpoch(epoch as string | null),
        hosts: new Map(Object.entries(hosts as Record<string, string>)),
        apps: new Map(Object.entries(apps as Record<string, string>)),
      }
    },
    async readHosts(hosts) {
      // Whose the hosts are says which apps to read, so ask until nothing has changed in between.
      let ids: string[] = []
      for (;;) {
        const [epoch, owners, routes] = await results(
          redis
            .multi()
            .get(epochKey)
            .hmget(hostsKey, ...hosts)
            .hmget(appsKey, '', ...ids)
            .exec(),
        )
        const found = [...new Set((owners as (string | null)[]).filter((owner) => owner !== null))]
        if (found.every((owner) => ids.includes(owner))) {
          return {
            epoch: parseEpoch(epoch as string | null),
            hosts: pairs(hosts, owners as (string | null)[]),
            apps: pairs(ids, (routes as (string | null)[]).slice(1)),
          }
        }
        ids = found
      }
    },
    async listFrontends() {
      const hosts = new Set<string>()
      let cursor = '0'
      do {
        const [next, keys] = await redis.scan(cursor, 'MATCH', frontendKey('*'), 'COUNT', 1000)
        for (const key of keys) hosts.add(key.slice(frontendKey('').length))
        cursor = next
      } while (cursor !== '0')
      return [...hosts]
    },
    async readFrontends(hosts) {
      const reading = new Map<string, readonly string[] | Error>()
      for (let from = 0; from < hosts.length; from += 1000) {
        const part = hosts.slice(from, from + 1000)
        const pipeline = redis.pipeline()
        for (const host of part) pipeline.lrange(frontendKey(host), 0, -1)
        const replies = (await pipeline.exec()) ?? []
        part.forEach((host, index) => {
          const [error, list] = replies[index] ?? []
          reading.set(host, error ?? (list as string[]))
        })
      }
      return reading
    },
    async acknowledge(state, draining) {
      const transaction = withDraining(redis, id, draining)
      transaction.hset(routersKey, id, JSON.stringify(state))
      transaction.publish(appliedChannel, `${id} ${state.generation}`)
      await results(transaction.exec())
    },
    async beat(state, draining) {
      // Together: after a flush, a router that is back without its drains would seem to have none.
      await results(withDraining(redis, id, draining).hset(routersKey, id, JSON.stringify(state)).exec())
    },
    async writeDraining(draining) {
      await results(withDraining(redis, id, draining).exec())
    },
    async [Symbol.asyncDispose]() {
      redis.disconnect()
      subscriber.disconnect()
    },
  }
}

// l: lists, g: del, rename and the like, x and e: expired and evicted. What others have set stays set.
async function enableNotifications(redis: Redis): Promise<void> {
  const key = 'notify-keyspace-events'
  const answer = (await redis.config('GET', key)) as string[]
  const flags = new Set(`${answer[1] ?? ''}Klgxe`)
  await redis.config('SET', key, [...flags].join(''))
}

function withDraining(redis: Redis, id: string, draining: ReadonlyMap<string, number>) {
  const transaction = redis.multi().del(drainingKey(id))
  if (draining.size > 0) transaction.hset(drainingKey(id), Object.fromEntries(draining))
  return transaction
}

async function results(replies: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await replies) ?? []).map(([error, value]) => {
    if (error) throw error
    return value
  })
}

const pairs = (
  keys: readonly string[],
  values: readonly (string | null)[],
): Map<string, string | undefined> => new Map(keys.map((key, index) => [key, values[index] ?? undefined]))
