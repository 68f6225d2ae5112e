import { setTimeout as wait } from 'node:timers/promises'
import { describe, UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { appHosts } from '../routing.ts'
import type { Container } from '../state/containers.ts'
import { checkContainers } from './checks.ts'
import { ensureNetwork } from './network.ts'
import { specOf } from './start.ts'

const mostRestarts = 10
const steadyAfterMs = 60_000
const longestPauseMs = 30_000
const reconcileMs = 30_000

/**
 * Follows Docker's events as long as the server runs: a live container that ends is taken out of the routes and
 * started again. What the events do not tell (the stream broke) is found by looking.
 */
export async function supervise(paas: Paas): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId }
  const look = (): Promise<void> =>
    reconcile(paas).catch((error: unknown) => paas.log(`What runs could not be read: ${describe(error)}`))
  const timer = setInterval(look, reconcileMs)
  let since: string | undefined
  let broken: string | undefined
  while (!paas.closing.aborted) {
    try {
      const events = await paas.engine.events({ labels, since, signal: paas.closing })
      broken = undefined
      void look()
      for await (const event of events) {
        // The last one that was seen comes again after a break.
        if (event.at === since) continue
        since = event.at
        if (event.action === 'die') onExit(paas, event.labels.name ?? '', event.exitCode ?? 0)
      }
    } catch (error) {
      if (paas.closing.aborted) break
      if (broken !== describe(error))
        paas.log(`Docker's events broke off, following them again: ${describe(error)}`)
      broken = describe(error)
      await wait(500)
    }
  }
  clearInterval(timer)
}

/**
 * Starts a live container that does not run, and again with a growing pause where it fails; routes it once it
 * answers. After ten starts in a row without a steady minute it is marked as crashed and stays down.
 */
export function startInBackground(paas: Paas, container: Container, reason: string): void {
  start(paas, container, reason).catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`${container.name}: ${describe(error)}`)
  })
}

async function start(paas: Paas, { name, appId }: Container, reason: string): Promise<void> {
  await forgetOldCrashes(paas, name)
  let last = reason
  for (;;) {
    const now = paas.store.containers.find(name)
    if (now?.state !== 'live' || paas.closing.aborted) return
    if (now.restarts >= mostRestarts) {
      paas.store.containers.setCrashed(name, `${last}, ${mostRestarts} times in a row`)
      paas.log(`${name} crashed ${mostRestarts} times in a row and is not started again`)
      return
    }
    await wait(Math.min(100 * 2 ** now.restarts, longestPauseMs), undefined, { signal: paas.closing })
    if (paas.store.containers.find(name)?.state !== 'live') return
    paas.store.containers.setRestarts(name, now.restarts + 1)
    try {
      await bringUp(paas, now)
      return await republish(paas, appId)
    } catch (error) {
      if (paas.closing.aborted) return
      last = describe(error)
      paas.log(`${name} did not come up: ${last}`)
      // That Docker does not answer is no crash of the app.
      if (error instanceof UnavailableError) {
        paas.store.containers.setRestarts(name, now.restarts)
        await wait(1_000, undefined, { signal: paas.closing })
      }
    }
  }
}

/** Makes sure that `container` runs and answers; then it is proved. Throws where it does not come up. */
async function bringUp(paas: Paas, container: Container): Promise<void> {
  const app = paas.store.apps.byId(container.appId)
  const release = paas.store.releases.find(app.id, container.version)
  if (!release) throw new Error(`release v${container.version} is gone`)
  await ensureNetwork(paas, app)
  const { containers } = paas.engine
  const labels = { 'paas.app-id': app.id, 'paas.instance': paas.store.instanceId }
  const found = (await containers.list({ labels, all: true })).find((each) => each.name === container.name)
  if (!found) await containers.create(specOf(paas, app, release, container))
  if (found?.state !== 'running') await containers.start(container.name)
  // A deploy or `destroy` may have retired it meanwhile, and removed it before we made it again.
  if (!paas.store.containers.find(container.name))
    return await containers.remove(container.name, { force: true })
  await checkContainers(paas, [container], {
    release,
    host: appHosts(paas, app)[0] ?? app.name,
    progress: silent,
    signal: paas.closing,
  })
  if (paas.store.containers.find(container.name)?.state === 'live') paas.proved.add(container.name)
}

function onExit(paas: Paas, name: string, code: number): void {
  // A deploy that has just checked it looks here before its switch.
  if (!paas.proved.delete(name)) return
  const container = paas.store.containers.find(name)
  if (container?.state !== 'live' || container.crashed) return
  paas.log(`${name} exited with code ${code}`)
  void republish(paas, container.appId)
  startInBackground(paas, container, `exited with code ${code}`)
}

/** Exits that nobody has told us of. */
async function reconcile(paas: Paas): Promise<void> {
  // Taken before the list is: what is proved later may not be in it.
  const proved = [...paas.proved]
  const labels = { 'paas.instance': paas.store.instanceId }
  const running = await paas.engine.containers.list({ labels, all: false })
  const names = new Set(running.map((each) => each.name))
  for (const name of proved) if (!names.has(name)) onExit(paas, name, -1)
}

/** A container that ran for a minute before it ended begins anew. */
async function forgetOldCrashes(paas: Paas, name: string): Promise<void> {
  const state = await paas.engine.containers.inspect(name).catch(() => undefined)
  const ranMs = Date.parse(state?.finishedAt ?? '') - Date.parse(state?.startedAt ?? '')
  if (ranMs >= steadyAfterMs) paas.store.containers.setRestarts(name, 0)
}

async function republish(paas: Paas, appId: string): Promise<void> {
  await paas.routes
    .publish(appId)
    .catch((error: unknown) => paas.log(`Routes of ${appId}: ${describe(error)}`))
}

const silent = { step: () => {}, heading: () => {}, detail: () => {}, trouble: () => {} }
