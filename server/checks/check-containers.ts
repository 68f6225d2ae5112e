import { setTimeout as wait } from 'node:timers/promises'
import { AppError, InterruptedError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import { modeOf, paceOf } from '../state/check-settings.ts'
import type { Container } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'
import { askHttp } from './ask-http.ts'
import { type Check, checkInWords } from './check.ts'
import { containerEnd } from './container-end.ts'
import { lastLinesOf } from './last-lines.ts'
import { listensOn } from './listens-on.ts'
import { moreMemory } from './more-memory.ts'
import { type ProbeResult, runProbe } from './probe.ts'
import { placeOf, type Subject } from './subject.ts'

export type CheckOptions = {
  readonly release: Release
  /** Sent as Host, so that an app that knows its domains answers. */
  readonly host: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

const giveUpMs = 60_000
const hintAfterMs = 5_000
/** Without anything to wait for, a process that dies at once still has to be seen. */
const settleMs = 1_000
const defaultProbeTimeoutMs = 5_000

/**
 * Returns once each container has passed its release's startup and readiness checks; a `web` container without any has
 * to answer one HTTP request on PORT within 60 s (any status; a 5xx only warns), all others must still run. Throws
 * `AppError` that says why not, with the container's last lines.
 */
export async function checkContainers(
  paas: Paas,
  containers: readonly Container[],
  options: CheckOptions,
): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const settings = paas.store.checkSettings.of(options.release.appId)
  const exits = containers.map(async (container) => {
    await paas.engine.containers.wait(container.name, { signal })
    throw await endedError(paas, container)
  })
  const judged = containers.filter(({ process }) => modeOf(settings, process) === 'enabled')
  const verdicts = judged.flatMap((container) => verdictsOn(paas, container, { ...options, signal }))
  const settles = judged.length > 0 && verdicts.length === 0
  try {
    await Promise.race([settles ? wait(settleMs) : Promise.all(verdicts), ...exits])
    await assertRunning(paas, containers)
  } catch (error) {
    throw options.signal.aborted ? new InterruptedError() : error
  } finally {
    ended.abort()
    await Promise.allSettled([...verdicts, ...exits])
  }
}

/** That a container ended before it was live, as the pusher reads it. */
export async function endedError(
  paas: Paas,
  container: Container,
  when = 'before it was live',
): Promise<AppError> {
  const end = await containerEnd(paas, container.name)
  return new AppError(`${placeOf(container)} ${end.how} ${when}`, {
    lastLines: end.lastLines,
    next: end.oomKilled
      ? `Let it use less memory, or give it more and push again: ${moreMemory(paas, container)}`
      : 'Read its last lines above, correct the app and push again',
  })
}

function verdictsOn(paas: Paas, container: Container, options: CheckOptions): readonly Promise<void>[] {
  const { checks } = options.release
  const own = Object.hasOwn(checks, container.process) ? (checks[container.process] ?? []) : []
  const before = own.filter((check) => check.when !== 'liveness')
  if (before.length > 0) return before.map((check) => passes(paas, container, check, options))
  return container.process === 'web' ? [answers(paas, container, options)] : []
}

/** Within an attempt's timeout, what says no is asked again: a process that is still waking up costs nobody its `wait`. */
async function passes(paas: Paas, container: Container, check: Check, options: CheckOptions): Promise<void> {
  const { release, host, signal, progress } = options
  const subject: Subject = { container, port: release.port, host }
  const pace = paceOf(paas.store.checkSettings.of(release.appId), check)
  await wait(check.initialDelayMs, undefined, { signal })
  let result: ProbeResult | undefined
  for (let attempt = 1; attempt <= pace.attempts; attempt++) {
    if (attempt > 1) {
      progress.detail(
        `${placeOf(container)} has not passed ${checkInWords(check)} yet (${attempt - 1} of ${pace.attempts}): ${result?.saw}`,
      )
      await wait(pace.waitMs, undefined, { signal })
    }
    const limitMs = pace.timeoutMs + (attempt === 1 ? (check.graceMs ?? 0) : 0)
    result = await passedWithin(limitMs, signal, () =>
      runProbe(paas, subject, check, { timeoutMs: pace.timeoutMs, signal }),
    )
    if (result.passed) return
    if (signal.aborted) throw new InterruptedError()
  }
  throw await failedError(paas, subject, check, { result, attempts: pace.attempts })
}

async function passedWithin(
  limitMs: number,
  signal: AbortSignal,
  ask: () => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const deadline = performance.now() + limitMs
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, 1_000)) {
    const result = await ask()
    if (result.passed || performance.now() + pauseMs >= deadline) return result
    await wait(pauseMs, undefined, { signal })
  }
}

async function failedError(
  paas: Paas,
  { container, port }: Subject,
  check: Check,
  { result, attempts }: { result: ProbeResult | undefined; attempts: number },
): Promise<AppError> {
  const where = (await looksElsewhere(paas, container.name, check, port, result)) ?? ''
  return new AppError(
    `${placeOf(container)} failed its ${check.when} check ${checkInWords(check)}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${result?.saw}${where}`,
    {
      lastLines: await lastLinesOf(paas, container.name),
      next: 'Correct the app, or the check (app.json, CHECKS or HEALTHCHECK), and push again',
    },
  )
}

/** Where nothing answered, where it listens says more. */
async function looksElsewhere(
  paas: Paas,
  name: string,
  { probe }: Check,
  port: number,
  result: ProbeResult | undefined,
): Promise<string | undefined> {
  if (probe.kind !== 'http' && probe.kind !== 'listening') return undefined
  if (result?.answered !== false) return undefined
  return `; ${(await listensOn(paas, name, probe.port ?? port)).words}`
}

/** The rule for `web` without checks of its own. */
async function answers(paas: Paas, container: Container, options: CheckOptions): Promise<void> {
  const { release, host, signal, progress } = options
  const started = performance.now()
  let hinted = false
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    const answer = await askHttp({
      address: container.address,
      port: release.port,
      path: '/',
      headers: new Map([['host', host]]),
      timeoutMs: defaultProbeTimeoutMs,
      bodyBytes: 0,
      signal,
    })
    if (answer) {
      if (answer.status >= 500)
        progress.trouble(
          `${placeOf(container)} answers with status ${answer.status}; it goes live all the same`,
        )
      return
    }
    if (signal.aborted) throw new InterruptedError()
    const elapsedMs = performance.now() - started
    if (elapsedMs > giveUpMs) throw await silentError(paas, container, release.port)
    if (!hinted && elapsedMs > hintAfterMs) {
      hinted = true
      const { words } = await listensOn(paas, container.name, release.port)
      progress.detail(`${placeOf(container)} does not answer yet: ${words}`)
    }
    await wait(pauseMs)
  }
}

async function silentError(paas: Paas, container: Container, port: number): Promise<AppError> {
  const { words, otherPort } = await listensOn(paas, container.name, port)
  const app = paas.store.apps.byId(container.appId)
  return new AppError(
    `${placeOf(container)} did not answer on port ${port} within ${giveUpMs / 1000} s: ${words}`,
    {
      lastLines: await lastLinesOf(paas, container.name),
      next: `Let the app listen on 0.0.0.0:$PORT, or name its port: ports:set ${app.name} ${otherPort ?? 'PORT'}`,
    },
  )
}

async function assertRunning(paas: Paas, containers: readonly Container[]): Promise<void> {
  for (const container of containers.filter((each) => each.process !== 'web')) {
    const { state } = await paas.engine.containers.inspect(container.name)
    if (state !== 'running') throw await endedError(paas, container)
  }
}
