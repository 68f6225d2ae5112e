/** What was measured of one thing, in milliseconds, in the order in which it came. */
export type Figures = readonly number[]

/** Runs one measurement and returns its milliseconds. What must not count is done before and after by `measure` itself. */
export type Measure = () => Promise<number>

/**
 * Measures each of `ways` `rounds` times, all of them in each round and in turning order, so that what the machine
 * does beside us meets all alike. One round before does not count.
 */
export async function alternating<Name extends string>(
  ways: Readonly<Record<Name, Measure>>,
  rounds: number,
): Promise<Readonly<Record<Name, Figures>>> {
  const names = Object.keys(ways) as Name[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (const name of names) await ways[name]()
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) figures[name].push(await ways[name]())
  }
  return figures
}

/** The milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

export function median(figures: Figures): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}
