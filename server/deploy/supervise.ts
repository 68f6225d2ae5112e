import { setTimeout as wait } from 'node:timers/promises'
import { PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { appHosts } from '../routing.ts'
import type { Container } from '../state/containers.ts'
import { checkContainers } from './checks.ts'
import { ensureNetwork } from './network.ts'
import { specOf } from './start.ts'

const mostRestarts = 10
const steadyAfterMs = 60_000

/** Follows Docker's events as long as the server runs: a live container that ends is taken out of the routes and started again. */
export async function supervise(paas: Paas): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId }
  let since = new Date().toISOString()
  while (!paas.closing.aborted) {
    try {
      for await (const event of await paas.engine.events({ labels, since, signal: paas.closing })) {
        since = event.at
        if (event.action === 'die') onExit(paas, event.labels.name ?? '', event.exitCode ?? 0)
      }
    } catch (error) {
      if (paas.closing.aborted) return
      paas.log(`Docker's events broke off, following them again: ${describe(error)}`)
      await wait(500)
      await catchUp(paas)
    }
  }
}

/**
 * Makes sure that `container` runs, is the one that we mean (labels) and answers; then it is proved and routed.
 * Throws where it does not come up.
 */
export async function bringUp(paas: Paas, container: Container): Promise<void> {
  const app = paas.store.apps.byId(container.appId)
  const release = paas.store.releases.find(app.id, container.version)
  if (!release) throw new Error(`release v${container.version} is gone`)
  await ensureNetwork(paas, app)
  const found = (
    await paas.engine.containers.list({
      labels: { 'paas.app-id': app.id, 'paas.instance': paas.store.instanceId },
      all: true,
    })
  ).find((each) => each.name === container.name)
  if (!found) await paas.engine.containers.create(specOf(paas, app, release, container))
  if (found?.state !== 'running') await paas.engine.containers.start(container.name)
  await checkContainers(paas, [container], {
    release,
    host: appHosts(paas, app)[0] ?? app.name,
    progress: silent,
    signal: paas.closing,
  })
  paas.proved.add(container.name)
}

function onExit(paas: Paas, name: string, code: number): void {
  const container = paas.store.containers.find(name)
  if (container?.state !== 'live' || container.crashed || !paas.proved.delete(name)) return
  paas.log(`${name} exited with code ${code}`)
  startAgain(paas, container, code).catch((error: unknown) => paas.log(`${name}: ${describe(error)}`))
}

/** Back-off doubles from 100 ms; after ten failures in a row the process is marked crashed and stays down. */
async function startAgain(paas: Paas, container: Container, code: number): Promise<void> {
  const { name } = container
  await republish(paas, container)
  for (;;) {
    const now = paas.store.containers.find(name)
    if (now?.state !== 'live' || paas.closing.aborted) return
    if (now.restarts >= mostRestarts) {
      paas.store.containers.setCrashed(name, `exited with code ${code}, ${mostRestarts} times in a row`)
      paas.log(`${name} crashed ${mostRestarts} times in a row and is not started again`)
      return
    }
    await wait(Math.min(100 * 2 ** now.restarts, 30_000), undefined, { signal: paas.closing })
    if (paas.store.containers.find(name)?.state !== 'live') return
    paas.store.containers.setRestarts(name, now.restarts + 1)
    try {
      await bringUp(paas, now)
    } catch (error) {
      paas.log(`${name} did not come up: ${describe(error)}`)
      continue
    }
    await republish(paas, container)
    setTimeout(() => {
      if (paas.proved.has(name) && !paas.closing.aborted) paas.store.containers.setRestarts(name, 0)
    }, steadyAfterMs).unref()
    return
  }
}

/** Exits that happened while nobody listened. */
async function catchUp(paas: Paas): Promise<void> {
  const running = await paas.engine.containers
    .list({ labels: { 'paas.instance': paas.store.instanceId }, all: false })
    .catch(() => undefined)
  if (!running) return
  const names = new Set(running.map((each) => each.name))
  for (const name of paas.proved) if (!names.has(name)) onExit(paas, name, -1)
}

async function republish(paas: Paas, container: Container): Promise<void> {
  await paas.routes
    .publish(container.appId)
    .catch((error: unknown) => paas.log(`Routes of ${container.appId}: ${describe(error)}`))
}

const silent = { step: () => {}, heading: () => {}, detail: () => {}, trouble: () => {} }

const describe = (error: unknown): string => (error instanceof PaasError ? error.message : String(error))
