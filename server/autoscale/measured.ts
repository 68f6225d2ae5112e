import type { Paas } from '../paas.ts'
import type { AutoscaleRule } from '../state/autoscale.ts'
import { limitsOf } from '../state/resources.ts'
import { readTraffic } from '../traffic.ts'
import { usageOf } from '../usage-of.ts'

const lookMs = 5_000

/**
 * What `rule` is measured by, now; null where nothing was asked in the last minute, or nothing runs. Throws where the
 * router or Docker does not say.
 * @param read asks the router; for many rules one answer is enough
 */
export async function measured(
  paas: Paas,
  rule: AutoscaleRule,
  read = () => readTraffic(paas.settings.home),
): Promise<number | null> {
  if (rule.measure === 'cpu') return await cpuPercent(paas, rule)
  const live = liveOf(paas, rule).length
  const traffic = (await read()).get(rule.appId)
  if (rule.measure === 'p95') return traffic?.p95Ms ?? null
  return live === 0 ? null : (traffic?.inFlight ?? 0) / live
}

async function cpuPercent(paas: Paas, rule: AutoscaleRule): Promise<number | null> {
  const signal = AbortSignal.timeout(lookMs)
  const { cpus: limit } = limitsOf(paas.store.resources.of(rule.appId), rule.process)
  const used = await Promise.all(liveOf(paas, rule).map(({ name }) => usageOf(paas, name, signal)))
  if (used.length === 0) return null
  return (used.reduce((sum, { cpus }) => sum + cpus, 0) / used.length / limit) * 100
}

const liveOf = (paas: Paas, { appId, process }: AutoscaleRule) =>
  paas.store.containers
    .of(appId, 'live')
    .filter((container) => container.process === process && paas.proved.has(container.name))
