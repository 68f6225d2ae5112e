import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from './client.ts'

/** What a container uses now. */
export type Usage = {
  /** Of one CPU: 0.5 is half of one. */
  readonly cpus: number
  /** Without the file cache that the kernel takes back when it needs it. */
  readonly memoryBytes: number
}

/** The engine's own way waits for a whole second. */
const sampleMs = 200

/**
 * Two looks at a running container, 200 ms apart where the engine answers at once: Docker 20.10 answers each after a
 * second. Throws as every call does, also where it does not run.
 */
export async function usage(
  client: Client,
  id: string,
  options: { signal?: AbortSignal | undefined },
): Promise<Usage> {
  const first = await sample(client, id, options)
  await wait(sampleMs, undefined, options)
  const second = await sample(client, id, options)
  const elapsedNs = (second.at - first.at) * 1e6
  return {
    cpus: elapsedNs > 0 ? Math.max(0, second.cpuNs - first.cpuNs) / elapsedNs : 0,
    memoryBytes: second.memoryBytes,
  }
}

type Sample = { readonly at: number; readonly cpuNs: number; readonly memoryBytes: number }

async function sample(
  client: Client,
  id: string,
  options: { signal?: AbortSignal | undefined },
): Promise<Sample> {
  const found = (await client.call('reading what the container uses', options, (abortSignal) => {
    // The driver takes a signal here too, and its types do not say so.
    const query = { stream: false as const, 'one-shot': true, abortSignal }
    return client.docker.getContainer(id).stats(query)
  })) as unknown as Answer
  const { usage: used, stats = {} } = found.memory_stats ?? {}
  // One that has ended is answered with zeros.
  if (used === undefined) throw new Error('The container does not run')
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0
  return {
    at: Date.parse(found.read),
    cpuNs: found.cpu_stats?.cpu_usage?.total_usage ?? 0,
    memoryBytes: Math.max(0, used - cache),
  }
}

type Answer = {
  readonly read: string
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } }
  readonly memory_stats?: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> }
}
