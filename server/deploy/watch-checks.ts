import { setTimeout as wait } from 'node:timers/promises'
import { type Check, checkInWords } from '../checks/check.ts'
import { lastLinesOf } from '../checks/last-lines.ts'
import { type ProbeResult, runProbe } from '../checks/probe.ts'
import { placeOf, type Subject } from '../checks/subject.ts'
import { describe, UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { firstHost } from '../routing.ts'
import { modeOf, paceOf } from '../state/check-settings.ts'
import type { Container, ContainerEnd } from '../state/containers.ts'
import { goBackInBackground, isOnTrial } from './go-back.ts'
import { publishInBackground } from './publish-in-background.ts'
import { startAgainInBackground } from './start-again.ts'
import { tellOfProcess } from './tell-of-process.ts'

const lookMs = 1_000
const stopGraceMs = 10_000

/** Apps of which one container is being restarted for its liveness check. */
const restarting = new Set<string>()

/**
 * Runs the readiness and liveness checks of all live containers as long as the server runs. One that fails readiness
 * leaves the routes until it passes again; one that fails liveness is restarted, one container of an app at a time.
 */
export async function watchChecks(paas: Paas): Promise<void> {
  const watched = new Map<string, { readonly container: Container; readonly end: AbortController }>()
  while (!paas.closing.aborted) {
    const live = new Map(watchable(paas).map((container) => [container.name, container]))
    for (const [name, { container, end }] of watched) {
      if (live.has(name)) continue
      end.abort()
      watched.delete(name)
      isReadyAgain(paas, container)
    }
    for (const [name, container] of live) {
      if (watched.has(name)) continue
      const end = new AbortController()
      watched.set(name, { container, end })
      watchContainer(paas, container, AbortSignal.any([end.signal, paas.closing]))
    }
    await wait(lookMs, undefined, { signal: paas.closing }).catch(() => {})
  }
}

function watchable(paas: Paas): readonly Container[] {
  return paas.store.containers
    .all()
    .filter(({ state, crashed }) => state === 'live' && crashed === null)
    .filter((container) => periodic(paas, container).length > 0)
    .filter(({ appId, process }) => modeOf(paas.store.checkSettings.of(appId), process) !== 'disabled')
}

function periodic(paas: Paas, { appId, version, process }: Container): readonly Check[] {
  const checks = paas.store.releases.checksOf(appId, version)
  const own = Object.hasOwn(checks, process) ? (checks[process] ?? []) : []
  return own.filter(({ when, probe }) => when !== 'startup' && probe.kind !== 'uptime')
}

/** One container under watch, and which of its readiness checks fail now. */
type Watch = {
  readonly paas: Paas
  readonly container: Container
  readonly failing: Set<Check>
  readonly signal: AbortSignal
}

function watchContainer(paas: Paas, container: Container, signal: AbortSignal): void {
  const watch: Watch = { paas, container, failing: new Set(), signal }
  for (const check of periodic(paas, container)) {
    repeat(watch, check).catch((error: unknown) => {
      if (!signal.aborted) paas.log(`${container.name}, ${checkInWords(check)}: ${describe(error)}`)
    })
  }
}

/** Asks again and again; what failed so often in a row as the check says has its consequence. */
async function repeat(watch: Watch, check: Check): Promise<void> {
  const { paas, container, failing, signal } = watch
  let failures = 0
  await wait(check.initialDelayMs, undefined, { signal })
  for (;;) {
    const pace = paceOf(paas.store.checkSettings.of(container.appId), check)
    await wait(pace.waitMs, undefined, { signal })
    const result = await askOnce(watch, check)
    if (signal.aborted) return
    if (!result || result.passed) failures = 0
    if (result?.passed && failing.delete(check) && failing.size === 0) becomesReady(paas, container)
    if (!result || result.passed || ++failures < pace.attempts) continue
    const why = `${checkInWords(check)}: ${result.saw}`
    if (check.when === 'readiness') {
      failing.add(check)
      leavesRoutes(paas, container, why)
    } else if (await restartUnhealthy(paas, container, `failed its liveness check ${why}`)) failures = 0
  }
}

/** Undefined where it could not be asked: Docker is down, or it is being started, which has its own checks. */
async function askOnce({ paas, container, signal }: Watch, check: Check): Promise<ProbeResult | undefined> {
  if (!paas.proved.has(container.name)) return undefined
  const app = paas.store.apps.byId(container.appId)
  const port = paas.store.releases.find(app.id, container.version)?.port ?? 0
  const subject: Subject = { container, port, host: firstHost(paas, app) }
  const { timeoutMs } = paceOf(paas.store.checkSettings.of(app.id), check)
  try {
    return await runProbe(paas, subject, check, { timeoutMs, signal })
  } catch (error) {
    if (error instanceof UnavailableError) return undefined
    throw error
  }
}

function leavesRoutes(paas: Paas, container: Container, why: string): void {
  const known = paas.unready.has(container.name)
  paas.unready.set(container.name, why)
  if (known) return
  publishInBackground(paas, container.appId)
  tellOfProcess(paas, container, { type: 'process-unready', what: `is out of the routes: ${why}` })
}

function becomesReady(paas: Paas, container: Container): void {
  isReadyAgain(paas, container)
  tellOfProcess(paas, container, { type: 'process-ready', what: 'is in the routes again' })
}

/** Also where nobody asks any more: it was retired, or its checks were disabled. */
function isReadyAgain(paas: Paas, { name, appId }: Container): void {
  if (paas.unready.delete(name)) publishInBackground(paas, appId)
}

/** False where this is not the moment: another one of the app is on its way, somebody deploys, or Docker is down. */
async function restartUnhealthy(paas: Paas, container: Container, how: string): Promise<boolean> {
  const { appId, name } = container
  if (restarting.has(appId) || paas.locks.holder(appId) || !paas.proved.has(name)) return false
  if (container.process === 'web' && isOnTrial(paas, container, new Date())) {
    goBackInBackground(paas, container, `${placeOf(container)} ${how}`)
    return true
  }
  restarting.add(appId)
  try {
    const end: ContainerEnd = {
      startedAt: (await paas.engine.containers.inspect(name)).startedAt ?? null,
      at: new Date().toISOString(),
      how,
      code: null,
      oomKilled: false,
      lastLines: await lastLinesOf(paas, name),
    }
    if (!paas.proved.delete(name)) return true
    try {
      await paas.routes.publish(appId).catch((error: unknown) => paas.log(`Routes: ${describe(error)}`))
      await paas.engine.containers.stop(name, { graceMs: stopGraceMs })
    } finally {
      // Also where Docker could not stop it: whoever is no longer proved has to be looked at again.
      startAgainInBackground(paas, container, end)
    }
    await backOrGone(paas, name)
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return false
    throw error
  } finally {
    restarting.delete(appId)
  }
}

async function backOrGone(paas: Paas, name: string): Promise<void> {
  for (;;) {
    const now = paas.store.containers.find(name)
    if (paas.proved.has(name) || now?.state !== 'live' || now.crashed !== null) return
    await wait(100, undefined, { signal: paas.closing })
  }
}
