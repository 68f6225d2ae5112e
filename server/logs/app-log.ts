import { setTimeout as wait } from 'node:timers/promises'
import { NotFoundError } from '../docker/engine-errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Container } from '../state/containers.ts'
import { Channel } from './channel.ts'
import type { LogEntry } from './log-entry.ts'
import { followRouter, routerHistory } from './router-log.ts'

export type AppLogOptions = {
  /** How many of the last lines. */
  readonly tail: number
  /** RFC 3339; only lines from then on. */
  readonly since: string | undefined
  /** `web` or `web.1`; undefined: all. */
  readonly process: string | undefined
  readonly source: 'app' | 'router' | undefined
  readonly version: number | undefined
}

const lookForNewMs = 300

/** What the app's containers and the router have written, in order of time. */
export async function appHistory(paas: Paas, app: App, options: AppLogOptions): Promise<readonly LogEntry[]> {
  const parts = await Promise.all([
    ...containersOf(paas, app, options).map((container) => containerHistory(paas, container, options)),
    wantsRouter(options) ? routerHistory(paas.settings.home, app.id) : [],
  ])
  const since = options.since ?? ''
  return parts
    .flat()
    .filter((entry) => entry.at >= since)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .slice(-options.tail)
}

/** Lines from `since` on as they come, also of containers that start later, until the signal. */
export async function* followApp(
  paas: Paas,
  app: App,
  options: AppLogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const channel = new Channel<LogEntry>()
  const stop = new AbortController()
  const all = AbortSignal.any([signal, stop.signal, paas.closing])
  all.addEventListener('abort', () => channel.end(), { once: true })
  const feed = async (source: AsyncIterable<LogEntry>): Promise<void> => {
    try {
      for await (const entry of source) await channel.push(entry)
    } catch (error) {
      if (!all.aborted && !(error instanceof NotFoundError))
        paas.log(`A log of ${app.name} broke off: ${String(error)}`)
    }
  }
  const watchContainers = async (): Promise<void> => {
    const seen = new Set<string>()
    while (!all.aborted) {
      for (const container of containersOf(paas, app, options)) {
        if (seen.has(container.name)) continue
        seen.add(container.name)
        void feed(followContainer(paas, container, options.since, all))
      }
      await wait(lookForNewMs)
    }
  }
  if (wantsRouter(options)) void feed(followRouter(paas.settings.home, app.id, all))
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
): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  const lines = paas.engine.containers.logs(container.name, {
    tail: options.tail,
    ...(options.since === undefined ? {} : { since: options.since }),
  })
  try {
    for await (const line of lines) entries.push(toEntry(container, line))
  } catch (error) {
    // It was retired and removed while we read.
    if (!(error instanceof NotFoundError)) throw error
  }
  return entries
}

async function* followContainer(
  paas: Paas,
  container: Container,
  since: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const lines = paas.engine.containers.logs(container.name, {
    follow: true,
    signal,
    ...(since === undefined ? {} : { since }),
  })
  for await (const line of lines) yield toEntry(container, line)
}

function containersOf(paas: Paas, app: App, options: AppLogOptions): readonly Container[] {
  if (options.source === 'router') return []
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
  options.source !== 'app' && options.process === undefined && options.version === undefined

const toEntry = (container: Container, line: { at: string; text: string }): LogEntry => ({
  at: line.at,
  source: `app[${container.process}.${container.number}]`,
  text: line.text,
})
