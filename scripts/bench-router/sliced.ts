import { cpuTime } from './cpu-time.ts'
import { type Load, load } from './load.ts'

/** A router that is measured, and the processes whose CPU counts for it. */
export type Way = { readonly port: number; readonly host: string; readonly pids: readonly number[] }

/** A load and the microseconds of CPU that a request took, in all and of the way's first process alone. */
export type Sample = Load & { readonly cpuPerRequest: number; readonly cpuOfFirst: number }

const slices = 9

/**
 * Loads each of `ways` nine times for `seconds`, all of them in each round and in turning order, so that what the
 * machine does beside us meets all alike. One round before does not count.
 */
export async function sliced<Name extends string>(
  ways: Readonly<Record<Name, Way>>,
  options: { readonly core: number; readonly connections: number; readonly seconds: number },
): Promise<Readonly<Record<Name, readonly Sample[]>>> {
  const names = Object.keys(ways) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>
  for (const name of names) await sample(ways[name], { ...options, seconds: 1 })
  for (let round = 0; round < slices; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      samples[name].push(await sample(ways[name], options))
  return samples
}

async function sample(
  { port, host, pids }: Way,
  options: { readonly core: number; readonly connections: number; readonly seconds: number },
): Promise<Sample> {
  const used = (): number[] => pids.map((pid) => cpuTime([pid]))
  const before = used()
  const loaded = await load({ ...options, port, host })
  if (loaded.refused + loaded.broken > 0)
    throw new Error(`${loaded.refused} requests for ${host} were refused, ${loaded.broken} broke`)
  const cpu = used().map((after, index) => (after - (before[index] ?? 0)) / loaded.requests)
  return { ...loaded, cpuPerRequest: cpu.reduce((sum, each) => sum + each, 0), cpuOfFirst: cpu[0] ?? 0 }
}
