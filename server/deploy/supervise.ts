import { setTimeout as wait } from 'node:timers/promises'
import type { EngineEvent } from '../docker/events.ts'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import { publishInBackground } from './publish-in-background.ts'
import { startAgainInBackground } from './start-again.ts'

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
        tellBrakes(paas, event)
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

function tellBrakes(paas: Paas, { action, id, labels }: EngineEvent): void {
  if (action === 'start') paas.brakes.started({ id, name: labels.name ?? '', labels })
  if (action === 'oom') paas.brakes.outOfMemory(id)
  if (action === 'die') paas.brakes.ended(id)
}

function onExit(paas: Paas, name: string, code: number): void {
  const inside = paas.store.containers.inSandbox(name)
  if (inside?.state === 'live') endForLackOfNetwork(paas, inside)
  // A deploy that has just checked it looks here before its switch.
  if (!paas.proved.delete(name)) return
  const container = paas.store.containers.find(name)
  if (container?.state !== 'live' || container.crashed) return
  publishInBackground(paas, container.appId)
  startAgainInBackground(paas, container, `exited with code ${code}`)
}

/** Its sandbox has ended, and no request reaches it any more; its own end is told as any other is. */
function endForLackOfNetwork(paas: Paas, { name }: Container): void {
  paas.engine.containers
    .kill(name)
    .catch((error: unknown) => paas.log(`${name} has lost its network: ${describe(error)}`))
}

/** Exits that nobody has told us of. */
async function reconcile(paas: Paas): Promise<void> {
  // Taken before the list is: what is proved later may not be in it.
  const proved = [...paas.proved]
  const labels = { 'paas.instance': paas.store.instanceId }
  const running = await paas.engine.containers.list({ labels, all: false })
  paas.brakes.running(running)
  const names = new Set(running.map((each) => each.name))
  for (const name of proved) {
    const sandbox = paas.store.containers.find(name)?.sandbox
    if (!names.has(name)) onExit(paas, name, -1)
    else if (sandbox !== undefined && !names.has(sandbox)) onExit(paas, sandbox, -1)
  }
}
