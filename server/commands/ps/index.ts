import type { AppTraffic } from '../../../router/contract.ts'
import { placeOf } from '../../checks/subject.ts'
import type { Command } from '../../command.ts'
import { durationText } from '../../command-line/duration.ts'
import { sizeText } from '../../command-line/size.ts'
import { pendingConfig } from '../../deploy/pending-config.ts'
import type { Container } from '../../docker/containers.ts'
import { NotFoundError } from '../../docker/engine-errors.ts'
import type { Paas } from '../../paas.ts'
import type { App } from '../../state/apps.ts'
import type { Container as StoredContainer } from '../../state/containers.ts'
import { readTraffic } from '../../traffic.ts'
import { usageOf } from '../../usage-of.ts'

export default {
  summary: 'Show what runs, what it uses of what it may use, what is asked of it, and what is pending',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['ps:report'],
  examples: ['ps blog', 'ps blog --json'],
  async run({ paas, app, out }) {
    const facts = {
      app: app.name,
      release: app.release === null ? null : `v${app.release}`,
      stopped: app.stopped,
      formation: paas.store.formations.of(app.id),
      containers: await containersOf(paas, app),
      pendingConfig: pendingNames(paas, app),
      traffic: await trafficOf(paas, app),
    }
    out.result(facts, () => {
      out.heading(
        `${app.name} ${facts.release ?? '(not deployed)'}${app.stopped ? ' (stopped: ps:start)' : ''}`,
      )
      if (facts.containers.length === 0) out.line(`Nothing runs: ${whyNothing(app)}`)
      out.table(
        ['Process', 'State', 'Release', 'Up', 'Restarts', 'CPU', 'Memory'],
        facts.containers.map((container) => [
          container.process,
          container.reason === null ? container.state : `${container.state}: ${container.reason}`,
          container.release,
          container.upMs === null ? '-' : durationText(container.upMs),
          String(container.restarts),
          besideLimit(container.cpus?.toFixed(2), container.cpuLimit),
          besideLimit(sizeOrNone(container.memoryBytes), sizeOrNone(container.memoryLimitBytes)),
        ]),
      )
      if (facts.traffic && app.release !== null) out.line(inWords(facts.traffic))
      if (facts.pendingConfig.length > 0) {
        out.line(
          `Pending until the next release: ${facts.pendingConfig.join(', ')}; now: ps:restart ${app.name}`,
        )
      }
    })
  },
} satisfies Command

/** null: the router does not say, or does not serve the app. */
async function trafficOf(paas: Paas, app: App): Promise<AppTraffic | null> {
  const traffic = await readTraffic(paas.settings.home).catch(() => undefined)
  return traffic?.get(app.id) ?? null
}

function inWords({ requests, failed, p95Ms, inFlight }: AppTraffic): string {
  const latency = p95Ms === null ? '' : `, 95 of 100 answered within ${p95Ms} ms`
  return `Last minute: ${requests} requests, ${failed} failed (5xx)${latency}; ${inFlight} in flight`
}

function whyNothing(app: App): string {
  if (app.release === null) return `it is not deployed: git push paas:${app.name} main`
  return app.stopped ? `it is stopped: ps:start ${app.name}` : `it is scaled to 0: scale ${app.name} web=1`
}

/** What Docker does not tell in time is not known: whoever asks is answered all the same. */
const lookMs = 2_000

async function containersOf(paas: Paas, app: App) {
  const signal = AbortSignal.timeout(lookMs)
  return Promise.all(
    paas.store.containers.of(app.id).map(async (container) => {
      const [found, used] = await Promise.all([
        inspected(paas, container.name, signal),
        usageOf(paas, container.name, signal).catch(() => undefined),
      ])
      const docker = typeof found === 'object' ? found : undefined
      const running = docker?.state === 'running' && docker.startedAt !== undefined
      return {
        process: placeOf(container),
        state: stateOf(paas, container, typeof found === 'object' ? found.state : found),
        reason: reasonOf(paas, container),
        release: `v${container.version}`,
        since: docker?.startedAt ?? null,
        upMs: running ? Math.max(0, Date.now() - Date.parse(docker.startedAt)) : null,
        restarts: container.restarts,
        address: container.address,
        cpus: used?.cpus ?? null,
        cpuLimit: docker?.cpus ?? null,
        memoryBytes: used?.memoryBytes ?? null,
        memoryLimitBytes: docker?.memoryBytes ?? null,
      }
    }),
  )
}

async function inspected(
  paas: Paas,
  name: string,
  signal: AbortSignal,
): Promise<Container | 'gone' | 'unknown'> {
  try {
    return await paas.engine.containers.inspect(name, { signal })
  } catch (error) {
    return error instanceof NotFoundError ? 'gone' : 'unknown'
  }
}

const sizeOrNone = (bytes: number | null): string | undefined =>
  bytes === null ? undefined : sizeText(bytes)

const besideLimit = (used: string | undefined, limit: string | number | null | undefined): string =>
  used === undefined ? '-' : `${used} of ${limit ?? '-'}`

function stateOf(paas: Paas, { name, state, crashed }: StoredContainer, found: string): string {
  if (state !== 'live') return state
  if (crashed) return 'crashed'
  if (found !== 'running') return found
  if (!paas.proved.has(name)) return 'starting'
  return paas.unready.has(name) ? 'unready' : 'running'
}

/** Why it is not simply running; null where it is. */
function reasonOf(paas: Paas, { name, state, crashed, lastEnd }: StoredContainer): string | null {
  if (state !== 'live') return null
  if (crashed) return crashed
  return paas.proved.has(name) ? (paas.unready.get(name) ?? null) : (lastEnd?.how ?? null)
}

function pendingNames(paas: Paas, app: App): readonly string[] {
  const running = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
  if (!running) return []
  const { added, removed, changed } = pendingConfig(paas, running)
  return [...added, ...removed, ...changed].sort()
}
