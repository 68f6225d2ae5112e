import { setTimeout as wait } from 'node:timers/promises'
import type { ContainerSummary } from '../docker/containers.ts'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'

const looksMs = [5_000, 60_000] as const

/**
 * Looks once more, 5 s and 60 s after a start, for what the process before had asked Docker for in the moment of its
 * end: that may come to be after `recover` has looked.
 */
export async function removeLateStrays(paas: Paas): Promise<void> {
  for (const afterMs of looksMs) {
    await wait(afterMs, undefined, { signal: paas.closing, ref: false })
    try {
      await look(paas)
    } catch (error) {
      paas.log(`Late strays could not be removed: ${describe(error)}`)
    }
  }
}

async function look(paas: Paas): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId }
  for (const found of await paas.engine.containers.list({ labels, all: true })) {
    if (!isLost(paas, found)) continue
    await paas.engine.containers.remove(found.name, { force: true })
    paas.log(`Removed ${found.name}: nobody knows of it`)
  }
}

/** A row, or for a sandbox this process's memory, comes before the container does; one-offs have neither. */
function isLost({ store, sandboxes }: Paas, { name, labels }: ContainerSummary): boolean {
  const known = store.containers.find(name) || store.containers.inSandbox(name) || sandboxes.knows(name)
  if (known) return false
  const process = labels['paas.process']
  return labels['paas.sandbox'] !== undefined || (process !== undefined && !process.startsWith('run.'))
}
