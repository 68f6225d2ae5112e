import { setTimeout as wait } from 'node:timers/promises'
import { NotFoundError } from '../docker/engine-errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Container } from '../state/containers.ts'
import { type BuildPlace, buildHistory, followBuilds } from './build-log.ts'
import { Channel } from './channel.ts'
import type { LogEntry } from './log-entry.ts'
import { followRouter, type RouterPlace, routerHistory } from './router-log.ts'

export type AppLogOptions = {
  /** How many of the last lines. */
  readonly tail: number
  /** RFC 3339; only lines from then on. */
  readonly since: string | undefined
  /** `web` or `web.1`; undefined: all. */
  readonly process: string | undefined
  /** undefined: app and router. */
  readonly source: 'app' | 'router' | 'build' | undefined
  readonly version: number | undefined
}

/** Where a reader stands in each log: following goes on from there, without a gap or a repeat. */
export type LogPlaces = {
  /** By container name. */
  readonly containers: Map<string, ContainerPlace>
  readonly router: RouterPlace | undefined
  readonly builds: BuildPlace | undefined
}

/** The time of the last line that was read, and how many lines of exactly that time. */
type ContainerPlace = { readonly at: string; readonly lines: number }

const lookForNewMs = 300

/** What the app's containers and the router have written, in order of time, and where that ends. */
export async function appHistory(
  paas: Paas,
  app: App,
  options: AppLogOptions,
): Promise<{ readonly entries: readonly LogEntry[]; readonly places: LogPlaces }> {
  const places = new Map<string, ContainerPlace>()
  const builds = options.source === 'build' ? buildHistory(paas, app, options) : undefined
  const router = wantsRouter(options) ? await routerHistory(paas.settings.home, app.id) : undefined
  const parts = await Promise.all(
    containersOf(paas, app, options).map((container) => containerHistory(paas, container, options, places)),
  )
  const since = options.since ?? ''
  const entries = [...parts.flat(), ...(router?.entries ?? []), ...(builds?.entries ?? [])]
    .filter((entry) => entry.at >= since)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return {
    entries: options.tail === 0 ? [] : entries.slice(-options.tail),
    places: { containers: places, router: router?.place, builds: builds?.place },
  }
}

/** Lines from `places` on as they come, also of containers that start later, until the signal or the app's end. */
export async function* followApp(
  paas: Paas,
  app: App,
  options: AppLogOptions,
  places: LogPlaces,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const channel = new Channel<LogEntry>()
  const stop = new AbortController()
  const all = AbortSignal.any([signal, stop.signal, paas.closing])
  all.addEventListener('abort', () => channel.end(), { once: true })
  if (all.aborted) return
  const feed = async (source: AsyncIterable<LogEntry>): Promise<void> => {
    try {
      for await (const entry of source) await channel.push(entry)
    } catch (error) {
      if (!all.aborted && !(error instanceof NotFoundError))
        paas.log(`A log of ${app.name} broke off: ${String(error)}`)
    }
  }
  const watchContainers = async (): Promise<void> => {
    const followed = new Set<string>()
    while (!all.aborted) {
      if (!paas.store.apps.exists(app.id)) return channel.end()
      for (const container of containersOf(paas, app, options)) {
        const { name } = container
        if (followed.has(name)) continue
        followed.add(name)
        // It ends with the container's process; that may be started again.
        const following = feed(followContainer(paas, container, options, places, all))
        following.finally(() => followed.delete(name))
      }
      await wait(lookForNewMs)
    }
  }
  if (places.builds) void feed(followBuilds(paas, app, places.builds, all))
  if (places.router) void feed(followRouter(paas.settings.home, app.id, places.router, all))
  void watchContainers()
  try {
    yield* channel
  } finally {
    stop.abort()
  }
}

async function containerHistory(
  paas: Paas,
  container: Container,
  options: AppLogOptions,
  places: LogPlaces['containers'],
): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  const lines = paas.engine.containers.logs(container.name, {
    // Of one line at least the time is needed.
    tail: Math.max(options.tail, 1),
    ...(options.since === undefined ? {} : { since: options.since }),
  })
  try {
    for await (const line of lines) {
      places.set(container.name, after(places.get(container.name), line.at))
      entries.push(toEntry(paas, container, line))
    }
  } catch (error) {
    // It was retired and removed while we read.
    if (!(error instanceof NotFoundError)) throw error
  }
  return entries
}

async function* followContainer(
  paas: Paas,
  container: Container,
  options: AppLogOptions,
  places: LogPlaces,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const { name } = container
  const from = places.containers.get(name)
  const since = from?.at ?? options.since
  const lines = paas.engine.containers.logs(name, {
    follow: true,
    signal,
    ...(since === undefined ? {} : { since }),
  })
  let known = from?.lines ?? 0
  for await (const line of lines) {
    if (from && line.at === from.at && known-- > 0) continue
    places.containers.set(name, after(places.containers.get(name), line.at))
    yield toEntry(paas, container, line)
  }
}

const after = (place: ContainerPlace | undefined, at: string): ContainerPlace => ({
  at,
  lines: place?.at === at ? place.lines + 1 : 1,
})

function containersOf(paas: Paas, app: App, options: AppLogOptions): readonly Container[] {
  if (options.source === 'router' || options.source === 'build') return []
  return paas.store.containers
    .of(app.id)
    .filter((container) => options.version === undefined || container.version === options.version)
    .filter(
      (container) =>
        options.process === undefined ||
        options.process === container.process ||
        options.process === `${container.process}.${container.number}`,
    )
}

const wantsRouter = (options: AppLogOptions): boolean =>
  (options.source === undefined || options.source === 'router') &&
  options.process === undefined &&
  options.version === undefined

const toEntry = (paas: Paas, container: Container, line: { at: string; text: string }): LogEntry => ({
  at: line.at,
  source: `app[${container.process}.${container.number}]`,
  text: paas.secrets.hide(container.appId, line.text),
})
