import { setTimeout as wait } from 'node:timers/promises'
import type { ContainerSummary } from '../docker/containers.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** A one-off container. Docker's labels are all that there is of it. */
export type Run = {
  /** `run.x7k2ma` */
  readonly id: string
  /** Docker's name of it. */
  readonly container: string
  readonly command: string | null
  /** null: of somebody who is joined to it, or of a deploy. */
  readonly who: string | null
  readonly release: string
  readonly state: string
  /** null while it runs. */
  readonly exitCode: number | null
  readonly startedAt: string | null
  /** When it is ended and removed; null: with the connection. */
  readonly until: string | null
}

const untilLabel = 'paas.run-until'
const whoLabel = 'paas.run-by'
const commandLabel = 'paas.run-command'
const longestCommand = 1_000

/** What tells a detached run from one that ends with its connection. */
export function runLabels(
  { who, words }: { readonly who: string; readonly words: readonly string[] },
  until: Date,
): Record<string, string> {
  return {
    [untilLabel]: until.toISOString(),
    [whoLabel]: who,
    [commandLabel]: words.map(quoted).join(' ').slice(0, longestCommand),
  }
}

/** The app's one-off containers, the newest first. */
export async function runsOf(paas: Paas, app: App): Promise<readonly Run[]> {
  const labels = { 'paas.instance': paas.store.instanceId, 'paas.app-id': app.id }
  const found = await paas.engine.containers.list({ labels, all: true })
  const runs = await Promise.all(
    found
      .filter(({ labels: { 'paas.process': process } }) => process?.startsWith('run.'))
      .map((each) => toRun(paas, each)),
  )
  return runs.flat().sort((one, other) => ((one.startedAt ?? '') < (other.startedAt ?? '') ? 1 : -1))
}

/** Whether a container that no row speaks of is to stay: a run that was started, of an app that is there. */
export function isKeptRun(paas: Paas, { state, labels }: ContainerSummary): boolean {
  const until = labels[untilLabel]
  return (
    until !== undefined &&
    state !== 'created' &&
    Date.parse(until) > Date.now() &&
    paas.store.apps.exists(labels['paas.app-id'] ?? '')
  )
}

/** Watches over the runs that an earlier server has started. */
export async function resumeRuns(paas: Paas): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId }
  for (const found of await paas.engine.containers.list({ labels, all: true })) {
    const until = found.labels[untilLabel]
    if (until !== undefined) removeRunWhenOver(paas, found.name, new Date(until))
  }
}

/** Ends and removes a run when its lifetime is over; tried until it is gone. */
export function removeRunWhenOver(paas: Paas, name: string, until: Date): void {
  const work = async (): Promise<void> => {
    await wait(Math.max(0, until.getTime() - Date.now()), undefined, { signal: paas.closing, ref: false })
    for (;;) {
      try {
        return await paas.engine.containers.remove(name, { force: true })
      } catch (error) {
        paas.log(`${name} is over and could not be removed yet: ${describe(error)}`)
      }
      await wait(retryMs, undefined, { signal: paas.closing, ref: false })
    }
  }
  work().catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`${name}: ${describe(error)}`)
  })
}

const retryMs = 10_000

/** None where it is gone meanwhile. */
async function toRun(paas: Paas, { name, labels }: ContainerSummary): Promise<readonly Run[]> {
  try {
    const found = await paas.engine.containers.inspect(name)
    return [
      {
        id: labels['paas.process'] ?? name,
        container: name,
        command: labels[commandLabel] ?? null,
        who: labels[whoLabel] ?? null,
        release: labels['paas.release'] ?? '',
        state: found.state,
        exitCode: found.exitCode ?? null,
        startedAt: found.startedAt ?? null,
        until: labels[untilLabel] ?? null,
      },
    ]
  } catch (error) {
    if (error instanceof NotFoundError) return []
    throw error
  }
}

/** As one would type it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
