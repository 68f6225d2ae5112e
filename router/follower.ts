import { setTimeout as delay } from 'node:timers/promises'
import type { AppRoute, RouterState } from './contract.ts'
import { routerHeartbeatMs } from './contract.ts'
import type { Report } from './report.ts'
import { openRouteStore } from './route-store.ts'
import { isTrusted, type Table } from './table.ts'
import { foreignHosts, ownApps, ownHosts } from './valid-rows.ts'

export type FollowerOptions = {
  /** URL of Redis or path of its unix socket. */
  readonly url: string
  readonly id: string
  readonly boot: string
  /** What is served until Redis answers. */
  readonly table: Table
  readonly report: Report
  onTable(table: Table): void
}

/** Keeps a table up to date with Redis, and tells Redis what is served. */
export type Follower = AsyncDisposable & {
  /** Resolves when Redis was read for the first time. */
  readonly read: Promise<void>
  /** Says that the table of `generation` is served now, except for what `draining` names. */
  acknowledge(generation: number, draining: ReadonlyMap<string, number>): void
  draining(draining: ReadonlyMap<string, number>): void
  /** Says nothing more to Redis until the next acknowledgement: HAProxy serves nothing. */
  silence(): void
}

const foreignDelayMs = 20
const foreignPollMs = 1_000
const retryMs = 200

/** Follows the routes in Redis. */
export function follow({ url, id, boot, table: first, report, onTable }: FollowerOptions): Follower {
  const reported = new Set<string>()
  const read = Promise.withResolvers<void>()
  let table = first
  let isUp = false
  let pendingAll = false
  let pendingGenerations: number[] = []
  let pendingHosts = new Set<string>()
  let pendingForeign = new Set<string>()
  let foreignTimer: NodeJS.Timeout | undefined
  let foreignPoll: NodeJS.Timeout | undefined
  let working = false
  let closed = false
  let served: { generation: number; draining: ReadonlyMap<string, number> } | undefined

  const store = openRouteStore(url, id, {
    onReady() {
      if (!isUp) report('Redis answers')
      isUp = true
      pendingAll = true
      work()
    },
    onRoutes(generation, hosts) {
      pendingGenerations.push(generation)
      if (hosts.length === 0 || !Number.isSafeInteger(generation)) pendingAll = true
      for (const host of hosts) pendingHosts.add(host)
      work()
    },
    onFrontend(host) {
      if (table.hosts.has(host)) return
      pendingForeign.add(host)
      foreignTimer ??= setTimeout(work, foreignDelayMs)
    },
    onDeaf(reason) {
      once(`Redis refuses keyspace notifications, foreign routes are looked for each second: ${reason}`)
      foreignPoll ??= setInterval(() => {
        pendingAll = true
        work()
      }, foreignPollMs)
    },
    onError(error) {
      if (isUp || !reported.has('redis')) report(`Redis is not reachable: ${error.message || error.name}`)
      reported.add('redis')
      isUp = false
    },
  })

  const heartbeat = setInterval(() => {
    beat().catch(() => {})
  }, routerHeartbeatMs)

  return {
    read: read.promise,
    acknowledge(generation, draining) {
      served = { generation, draining }
      // While Redis is away nothing is lost: after it is back, all is read and acknowledged again.
      store.acknowledge(state(generation), draining).catch(() => {})
    },
    draining(draining) {
      if (served) served = { ...served, draining }
      store.writeDraining(draining).catch(() => {})
    },
    silence() {
      served = undefined
    },
    async [Symbol.asyncDispose]() {
      closed = true
      clearInterval(heartbeat)
      clearInterval(foreignPoll)
      clearTimeout(foreignTimer)
      await store[Symbol.asyncDispose]()
    },
  }

  function state(generation: number): RouterState {
    return { generation, boot, at: Date.now() }
  }

  async function beat(): Promise<void> {
    if (served) await store.beat(state(served.generation), served.draining)
    const epoch = await store.readEpoch()
    // A publication that was not heard, for whatever reason.
    if (epoch?.boot === boot && epoch.generation > (table.epoch?.generation ?? -1)) {
      pendingAll = true
      work()
    }
  }

  function once(text: string): void {
    if (reported.size > 10_000) reported.clear()
    if (!reported.has(text)) report(text)
    reported.add(text)
  }

  function work(): void {
    if (working) return
    working = true
    run()
      .catch((error: Error) => once(`can't follow Redis: ${error.message}`))
      .finally(() => {
        working = false
      })
  }

  /** Takes what is pending, one batch after the other, until nothing is. */
  async function run(): Promise<void> {
    while (!closed && (pendingAll || pendingGenerations.length > 0 || pendingForeign.size > 0)) {
      const all = pendingAll
      const generations = pendingGenerations
      const hosts = pendingHosts
      const foreign = pendingForeign
      pendingAll = false
      pendingGenerations = []
      pendingHosts = new Set()
      pendingForeign = new Set()
      clearTimeout(foreignTimer)
      foreignTimer = undefined
      try {
        // A connection that lasts loses no message, and `onReady` asks for all after any other.
        const next =
          all || !table.epoch ? await readAll() : await readSome(generations, [...hosts], [...foreign])
        if (next !== table) {
          table = next
          onTable(table)
        } else if (all && served) {
          await store.acknowledge(state(served.generation), served.draining)
        }
        if (all) read.resolve()
      } catch (error) {
        // Nothing is lost: the next attempt reads all. Without a connection, `onReady` makes it.
        pendingAll = true
        if (!isUp) return
        once(`can't read the routes: ${error instanceof Error ? error.message : error}`)
        await delay(retryMs)
      }
    }
  }

  async function readAll(): Promise<Table> {
    const own = await store.readAll()
    const trusted = isTrusted(own.epoch, table.epoch, boot)
    const isOtherBoot = own.epoch !== undefined && own.epoch.boot !== boot
    if (isOtherBoot || (!trusted && !table.epoch)) return table
    if (own.epoch && !trusted) {
      once(`Redis holds generation ${own.epoch.generation}, older than what is served: kept what is served`)
    }
    const hosts = trusted ? ownHosts(own, once) : table.hosts
    const names = await store.listFrontends()
    const found = foreignHosts(
      await store.readFrontends(names.filter((host) => !hosts.has(host))),
      table,
      once,
    )
    // A flushed Redis takes nothing away.
    const foreign = trusted ? found : new Map([...table.foreign, ...found])
    if (!trusted) return { ...table, foreign }
    return { epoch: own.epoch, hosts, apps: ownApps(own, table, once), foreign }
  }

  async function readSome(
    generations: readonly number[],
    named: readonly string[],
    foreignNames: readonly string[],
  ): Promise<Table> {
    let next = table
    const generation = Math.max(...generations, 0)
    if (generation > (table.epoch?.generation ?? -1)) {
      const own = await store.readHosts(named)
      if (isTrusted(own.epoch, { boot, generation }, boot)) {
        const owners = ownHosts(own, once)
        const lost = named.filter((host) => table.hosts.has(host) && !owners.has(host))
        const hosts = changed(table.hosts, owners, lost)
        const apps = withOwners(changed(table.apps, ownApps(own, table, once), []), hosts)
        next = { ...table, epoch: { boot, generation }, hosts, apps }
        foreignNames = [...new Set([...foreignNames, ...lost])]
      } else if (own.epoch?.boot === boot) throw new Error('the routes changed back while they were read')
    }
    if (foreignNames.length > 0 && table.epoch) {
      const names = foreignNames.filter((host) => !next.hosts.has(host))
      const own = next === table ? await store.readEpoch() : next.epoch
      if (names.length > 0 && (own === undefined || own.boot === boot)) {
        const found = foreignHosts(await store.readFrontends(names), table, once)
        const gone = names.filter((host) => next.foreign.has(host) && !found.has(host))
        next = { ...next, foreign: changed(next.foreign, found, gone) }
      }
    }
    return next
  }
}

/** `map` with these entries and without those keys; the same object where that changes nothing. */
function changed<Value>(
  map: ReadonlyMap<string, Value>,
  set: ReadonlyMap<string, Value>,
  removed: readonly string[],
): ReadonlyMap<string, Value> {
  if (removed.length === 0 && [...set].every(([key, value]) => map.get(key) === value)) return map
  const copy = new Map(map)
  for (const key of removed) copy.delete(key)
  for (const [key, value] of set) copy.set(key, value)
  return copy
}

function withOwners(
  apps: ReadonlyMap<string, AppRoute>,
  hosts: ReadonlyMap<string, string>,
): ReadonlyMap<string, AppRoute> {
  const owners = new Set(hosts.values())
  return changed(
    apps,
    new Map(),
    [...apps.keys()].filter((app) => !owners.has(app)),
  )
}
