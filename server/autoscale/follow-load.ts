import { setTimeout as wait } from 'node:timers/promises'
import { scale } from '../deploy/scale.ts'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { silentProgress } from '../silent-progress.ts'
import type { App } from '../state/apps.ts'
import type { AutoscaleRule } from '../state/autoscale.ts'
import { readTraffic } from '../traffic.ts'
import { decide, type Step } from './decide.ts'
import { measured } from './measured.ts'

const lookMs = 5_000

/** Apps that are being scaled at this moment, each by one rule. */
const underWay = new Set<string>()

/** Scales what has a rule, as long as the server runs. */
export async function followLoad(paas: Paas): Promise<void> {
  let told = new Set<string>()
  while (!paas.closing.aborted) {
    let answer: ReturnType<typeof readTraffic> | undefined
    const read = (): ReturnType<typeof readTraffic> => {
      answer ??= readTraffic(paas.settings.home)
      return answer
    }
    const failures = new Set<string>()
    for (const rule of paas.store.autoscale.all())
      await look(paas, rule, read).catch((error: unknown) => failures.add(describe(error)))
    // The router or Docker is away: no step is better than a guess.
    for (const failure of failures) if (!told.has(failure)) paas.log(`Nothing is scaled by load: ${failure}`)
    told = failures
    await wait(lookMs, undefined, { signal: paas.closing, ref: false })
  }
}

async function look(
  paas: Paas,
  rule: AutoscaleRule,
  read: () => ReturnType<typeof readTraffic>,
): Promise<void> {
  const { appId, process } = rule
  if (underWay.has(appId) || !paas.store.apps.exists(appId)) return
  const app = paas.store.apps.byId(appId)
  if (app.release === null || app.stopped || app.destroying || paas.locks.holder(appId)) return
  if (!(process in (paas.store.releases.find(appId, app.release)?.processes ?? {}))) return
  const quantity = paas.store.formations.of(appId)[process] ?? 0
  const step = decide(rule, quantity, await measured(paas, rule, read), new Date())
  if (step) takeInBackground(paas, { app, rule, from: quantity, step })
}

type Taken = {
  readonly app: App
  readonly rule: AutoscaleRule
  readonly from: number
  readonly step: Step
}

/** Other apps do not wait for this one's containers. */
function takeInBackground(paas: Paas, taken: Taken): void {
  const { app, rule, step } = taken
  underWay.add(app.id)
  // A step that fails is not tried again at once either.
  paas.store.autoscale.setStepped(rule, new Date())
  take(paas, taken)
    .catch((error: unknown) => {
      if (paas.closing.aborted) return
      const message = `${app.name} could not be scaled to ${rule.process}=${step.quantity} (${step.reason}): ${describe(error)}`
      paas.log(message)
      paas.events.record({ type: 'autoscale-failed', app, who: 'paas', message })
    })
    .finally(() => underWay.delete(app.id))
}

async function take(paas: Paas, { app, rule, from, step }: Taken): Promise<void> {
  await scale(paas, {
    appId: app.id,
    who: 'paas',
    reason: step.reason,
    progress: silentProgress,
    signal: paas.closing,
    // Where somebody has scaled it meanwhile, theirs counts until the next look.
    change: (today) => (today[rule.process] === from ? { ...today, [rule.process]: step.quantity } : today),
  })
}
