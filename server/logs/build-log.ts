import { setTimeout as wait } from 'node:timers/promises'
import type { OutputLine } from '../outputs/output-line.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { DeployRecord } from '../state/journal.ts'
import type { LogEntry } from './log-entry.ts'

/** The newest build when the log was read, and the number of its last line then. */
export type BuildPlace = { readonly id: number; readonly line: number }

export type BuildLogOptions = {
  readonly tail: number
  readonly version: number | undefined
  /** Builds are no process: with one there is nothing to show. */
  readonly process: string | undefined
}

const mostBuilds = 100
const lookForNewMs = 300

/** What the app's builds have printed, oldest first, as far back as `tail` asks for, and where that ends. */
export function buildHistory(
  paas: Paas,
  app: App,
  options: BuildLogOptions,
): { readonly entries: readonly LogEntry[]; readonly place: BuildPlace } {
  const builds = buildsOf(paas, app)
  const newest = builds[0]
  const place = {
    id: newest?.id ?? 0,
    line: (newest && paas.outputs.read(newest).at(-1)?.number) ?? 0,
  }
  let lines: readonly OutputLine[] = []
  for (const build of options.process === undefined ? builds : []) {
    if (options.version !== undefined && build.version !== options.version) continue
    if (lines.length >= options.tail) break
    lines = [...paas.outputs.read(build), ...lines]
  }
  return { entries: lines.map(toEntry), place }
}

/** Lines from `place` on as they come, one build after the other, until the signal. */
export async function* followBuilds(
  paas: Paas,
  app: App,
  place: BuildPlace,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const known = paas.store.journal.find(place.id)
  if (known)
    for await (const line of paas.outputs.follow(known, signal))
      if (line.number > place.line) yield toEntry(line)
  let last = place.id
  while (!signal.aborted) {
    const next = buildsOf(paas, app).findLast((build) => build.id > last)
    if (next) for await (const line of paas.outputs.follow(next, signal)) yield toEntry(line)
    else await wait(lookForNewMs)
    last = next?.id ?? last
  }
}

const buildsOf = (paas: Paas, app: App): readonly DeployRecord[] =>
  paas.store.journal.of(app.id, mostBuilds, 'push')

const toEntry = ({ at, text }: OutputLine): LogEntry => ({ at, source: 'app[build]', text })
