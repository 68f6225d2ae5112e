import { oneOffName } from '../deploy/one-off-spec.ts'
import { currentRelease } from '../deploy/release.ts'
import { runDetached } from '../deploy/run-detached.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { describe } from '../errors.ts'
import type { Sink } from '../output.ts'
import type { Paas } from '../paas.ts'
import type { CronEntry } from '../source/cron-entries.ts'
import type { CronRun } from '../state/cron.ts'
import { randomName } from '../state/identifiers.ts'

const lifetimeMs = 24 * 60 * 60_000

/** So many runs of an app may go on at once, whatever the policies of its entries are. */
const mostAtOnce = 20

export type Turn = {
  readonly appId: string
  readonly entry: CronEntry
  /** null: somebody asks for it now. */
  readonly dueAt: Date | null
  readonly who: string
}

/**
 * Writes down that it is an entry's turn, by its policy beside the runs of it that go on: to be started by `startRun`
 * then. What is skipped has ended.
 */
export function beginRun(paas: Paas, { appId, entry, dueAt, who }: Turn): CronRun {
  const { cron } = paas.store
  const ofApp = cron.open().filter((run) => run.appId === appId)
  const goOn = ofApp.filter((run) => run.entry === entry.id)
  const why =
    entry.concurrency === 'forbid' && goOn[0]
      ? `run ${goOn[0].id} goes on, and the policy is forbid`
      : ofApp.length - (entry.concurrency === 'replace' ? goOn.length : 0) >= mostAtOnce
        ? `${mostAtOnce} runs of the app go on`
        : undefined
  const run = cron.begin({
    appId,
    entry: entry.id,
    command: entry.command,
    dueAt: dueAt?.toISOString() ?? null,
    who,
    run: why === undefined ? randomName(6) : null,
  })
  if (why !== undefined) cron.end(run.id, 'skipped', { message: why })
  else if (entry.concurrency === 'replace')
    for (const each of goOn) cron.end(each.id, 'replaced', { message: `run ${run.id} took its place` })
  return cron.find(run.id) ?? run
}

/** Starts a run that has begun in a container of its own, and keeps what it prints, from this call on, and how it ends. */
export async function startRun(paas: Paas, run: CronRun): Promise<void> {
  if (run.run === null || run.outcome !== null) return
  using output = outputOf(paas, run)
  try {
    const app = paas.store.apps.byId(run.appId)
    await removeReplaced(paas, run)
    await runDetached(paas, {
      id: run.run,
      app,
      release: currentRelease(paas, app),
      words: [],
      line: run.command,
      environment: {},
      who: run.who,
      lifetimeMs,
    })
  } catch (error) {
    return fail(paas, run, describe(error))
  }
  // Another may have taken its place, or the app may be gone, while it was being started.
  if (paas.store.cron.find(run.id)?.outcome !== null)
    await paas.engine.containers.remove(nameOf(run), { force: true })
  else await keep(paas, run, output)
}

/** Keeps what a run that an earlier server has started goes on to print, and how it ends. */
export async function followRun(paas: Paas, run: CronRun): Promise<void> {
  using output = outputOf(paas, run)
  await keep(paas, run, output)
}

async function removeReplaced(paas: Paas, run: CronRun): Promise<void> {
  const before = paas.store.cron.of(run.appId, mostAtOnce, run.entry)
  const replaced = before.filter(
    ({ outcome, endedAt }) => outcome === 'replaced' && (endedAt ?? '') >= run.startedAt,
  )
  for (const each of replaced) await paas.engine.containers.remove(nameOf(each), { force: true })
}

const nameOf = ({ appId, run }: CronRun): string => oneOffName(appId, run ?? '')

/** Until the container has ended, which is removed then. */
async function keep(paas: Paas, run: CronRun, output: Pick<Sink, 'write'>): Promise<void> {
  const name = nameOf(run)
  const { containers } = paas.engine
  const signal = paas.closing
  try {
    // After a restart of the server: what it has printed since.
    const since = paas.cronOutputs.read(run).at(-1)?.at
    for await (const { text } of containers.logs(name, { follow: true, since, signal }))
      output.write(`${text}\n`)
    const code = await containers.wait(name, { signal })
    if (code === 0) paas.store.cron.end(run.id, 'succeeded', { exitCode: 0 })
    else fail(paas, run, `exited with code ${code}`, code)
    await containers.remove(name, { force: true })
  } catch (error) {
    if (signal.aborted) return
    fail(paas, run, error instanceof NotFoundError ? 'its container is gone' : describe(error))
  }
}

function outputOf(paas: Paas, run: CronRun): Disposable & Pick<Sink, 'write'> {
  const output = paas.cronOutputs.open(run)
  return { write: (text) => output.write(text), [Symbol.dispose]: () => paas.cronOutputs.close(run) }
}

function fail(paas: Paas, run: CronRun, message: string, exitCode: number | null = null): void {
  // Replaced, or gone with its app.
  if (!paas.store.cron.end(run.id, 'failed', { exitCode, message })) return
  const app = paas.store.apps.byId(run.appId)
  paas.events.record({
    type: 'cron-failed',
    app,
    who: run.who,
    message: `${app.name}: ${run.command.slice(0, 200)}: ${message}`,
    facts: { run: run.id, entry: run.entry, exitCode },
  })
}
