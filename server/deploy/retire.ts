import { setTimeout as wait } from 'node:timers/promises'
import { PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import { removeContainers } from './start.ts'

const drainLimitMs = 60_000
const stopGraceMs = 30_000

/**
 * Lets what is in flight on `containers` finish (60 s at most), then stops and removes them. Works without the
 * app's lock: the rows in state `retiring` are its journal, and a start after a crash goes on from there.
 */
export function retireInBackground(paas: Paas, containers: readonly Container[], port: number): void {
  for (const container of containers) {
    retire(paas, container, port).catch((error: unknown) => {
      if (!paas.closing.aborted)
        paas.log(`${container.name} could not be retired: ${describe(error)}; the next start tries again`)
    })
  }
}

async function retire(paas: Paas, container: Container, port: number): Promise<void> {
  if (container.process === 'web') await drained(paas, `http://${container.address}:${port}`)
  if (paas.closing.aborted) return
  await paas.engine.containers.stop(container.name, { graceMs: stopGraceMs })
  await removeContainers(paas, [container])
}

async function drained(paas: Paas, url: string): Promise<void> {
  const deadline = AbortSignal.any([AbortSignal.timeout(drainLimitMs), paas.closing])
  while (!deadline.aborted) {
    const counts = await paas.routes.draining([url]).catch(() => new Map([[url, 1]]))
    if (!counts.has(url)) return
    await wait(200)
  }
}

const describe = (error: unknown): string => (error instanceof PaasError ? error.message : String(error))
