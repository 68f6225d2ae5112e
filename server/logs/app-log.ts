import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { type BuildPlace, buildHistory, followBuilds } from './build-log.ts'
import { Channel } from './channel.ts'
import { type KeptLine, keptNow } from './kept-line.ts'
import type { KeptPlace } from './kept-log.ts'
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
  readonly kept: KeptPlace
  readonly router: RouterPlace | undefined
  readonly builds: BuildPlace | undefined
}

/** What the app's processes, of all releases, and the router have written, in order of time, and where that ends. */
export async function appHistory(
  paas: Paas,
  app: App,
  options: AppLogOptions,
): Promise<{ readonly entries: readonly LogEntry[]; readonly places: LogPlaces }> {
  const builds = options.source === 'build' ? buildHistory(paas, app, options) : undefined
  const router = wantsRouter(options) ? await routerHistory(paas.settings.home, app.id) : undefined
  const kept = await keptHistory(paas, app, options)
  const since = options.since ?? ''
  const entries = [...kept.entries, ...(router?.entries ?? []), ...(builds?.entries ?? [])]
    .filter((entry) => entry.at >= since)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return {
    entries: options.tail === 0 ? [] : entries.slice(-options.tail),
    places: { kept: kept.place, router: router?.place, builds: builds?.place },
  }
}

/** Lines from `places` on as they come, of whatever process writes them, until the signal or the app's end. */
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
      if (!all.aborted) paas.log(`A log of ${app.name} broke off: ${String(error)}`)
    }
  }
  if (places.builds) void feed(followBuilds(paas, app, places.builds, all))
  const requests = { home: paas.settings.home, appId: app.id, events: paas.requestEvents }
  if (places.router) void feed(followRouter(requests, places.router, all))
  // It ends with the app, also where nothing of it is wanted.
  void feed(followKept(paas, app, options, places.kept, all)).then(() => channel.end())
  try {
    yield* channel
  } finally {
    stop.abort()
  }
}

async function keptHistory(
  paas: Paas,
  app: App,
  options: AppLogOptions,
): Promise<{ readonly entries: readonly LogEntry[]; readonly place: KeptPlace }> {
  await paas.appLogs.catchUp(app.id)
  const log = paas.appLogs.of(app.id)
  const place = log.end
  if (options.tail === 0 || !wantsProcesses(options)) return { entries: [], place }
  const blocks: (readonly LogEntry[])[] = []
  let count = 0
  for await (const block of log.backwards(options.since)) {
    const entries = block.filter((line) => isWanted(line, options)).map(toEntry)
    blocks.push(entries)
    count += entries.length
    if (count >= options.tail) break
  }
  return { entries: blocks.reverse().flat(), place }
}

async function* followKept(
  paas: Paas,
  app: App,
  options: AppLogOptions,
  place: KeptPlace,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  for await (const block of paas.appLogs.of(app.id).follow(place, signal, tooSlow)) {
    if (!wantsProcesses(options)) continue
    for (const line of block) if (line.isNote || isWanted(line, options)) yield toEntry(line)
    await nextTurn()
  }
}

const tooSlow = (count: number): KeptLine => ({
  at: keptNow(),
  version: 0,
  process: '',
  isNote: true,
  text: `${count} lines were missed here: they went out of the kept log before this reader came to them`,
})

const wantsProcesses = ({ source }: AppLogOptions): boolean => source !== 'router' && source !== 'build'

function isWanted(line: KeptLine, { version, process, since }: AppLogOptions): boolean {
  if (version !== undefined && line.version !== version) return false
  if (since !== undefined && line.at < since) return false
  return process === undefined || line.process === process || line.process.startsWith(`${process}.`)
}

const wantsRouter = (options: AppLogOptions): boolean =>
  (options.source === undefined || options.source === 'router') &&
  options.process === undefined &&
  options.version === undefined

const toEntry = ({ at, process, isNote, text }: KeptLine): LogEntry => ({
  at,
  source: isNote ? 'app[logs]' : `app[${process}]`,
  text,
})
