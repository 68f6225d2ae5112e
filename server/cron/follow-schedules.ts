import { setTimeout as wait } from 'node:timers/promises'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { CronEntry } from '../source/cron-entries.ts'
import type { CronRun } from '../state/cron.ts'
import { beginRun, followRun, startRun } from './run.ts'
import { timesAfter } from './schedule.ts'

const minuteMs = 60_000

/** Later than this a run is no longer made up for. */
const lateMs = minuteMs

/**
 * Starts what is due, each minute, as long as the server runs. Runs that went on while it did not are followed again;
 * those whose turn it was meanwhile are said to be missed.
 */
export async function followSchedules(paas: Paas): Promise<void> {
  for (const run of paas.store.cron.open()) inBackground(paas, run, followRun)
  while (!paas.closing.aborted) {
    try {
      for (const run of beginDue(paas, new Date())) inBackground(paas, run, startRun)
    } catch (error) {
      paas.log(`What is due could not be started: ${describe(error)}`)
    }
    await wait(minuteMs - (Date.now() % minuteMs), undefined, { signal: paas.closing, ref: false })
  }
}

/** Writes down all that has become due up to `now`, as one change, so that nothing comes twice or is forgotten; returns what is to be started. */
function beginDue(paas: Paas, now: Date): readonly CronRun[] {
  const { cron } = paas.store
  return paas.store.transaction(() => {
    const from = cron.seenUntil() ?? now
    cron.setSeenUntil(now)
    return cron.active().flatMap(({ appId, entry }) => {
      const { missed, due } = dueTimes(entry.schedule, from, now)
      if (missed.length > 0) tellMissed(paas, appId, entry, missed)
      return due === undefined ? [] : [beginRun(paas, { appId, entry, dueAt: due, who: 'cron' })]
    })
  })
}

/** So many are counted: after a long absence there are no more than that to tell. */
const mostMissed = 100

/** When an entry's turn was after `from`, up to `now`: the last one is due, unless it is too late for it too. */
export function dueTimes(
  schedule: string,
  from: Date,
  now: Date,
): { readonly missed: readonly Date[]; readonly due: Date | undefined } {
  const recently = new Date(Math.max(from.getTime(), now.getTime() - lateMs))
  const late = upTo(recently, timesAfter(schedule, from))
  const recent = upTo(now, timesAfter(schedule, recently))
  return { missed: [...late, ...recent.slice(0, -1)], due: recent.at(-1) }
}

function upTo(end: Date, times: Iterable<Date>): readonly Date[] {
  const found: Date[] = []
  for (const time of times) {
    if (time > end || found.length === mostMissed) break
    found.push(time)
  }
  return found
}

function tellMissed(paas: Paas, appId: string, entry: CronEntry, missed: readonly Date[]): void {
  const { cron } = paas.store
  const app = paas.store.apps.byId(appId)
  const first = missed[0]?.toISOString() ?? ''
  const orMore = missed.length < mostMissed ? '' : ' or more'
  const times = missed.length === 1 ? 'a run' : `${missed.length} runs${orMore}`
  const message = `${times} from ${first.slice(0, 16)}Z on: the server was down`
  const { id } = cron.begin({
    appId,
    entry: entry.id,
    command: entry.command,
    dueAt: first,
    who: 'cron',
    run: null,
  })
  cron.end(id, 'missed', { message })
  paas.events.record({
    type: 'cron-missed',
    app,
    who: 'paas',
    message: `${app.name}: ${entry.command.slice(0, 200)}: missed ${message}`,
    facts: { entry: entry.id, runs: missed.length },
  })
}

function inBackground(paas: Paas, run: CronRun, work: typeof startRun): void {
  work(paas, run).catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`Cron run ${run.id}: ${describe(error)}`)
  })
}
