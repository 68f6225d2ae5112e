import { sweepInstances } from './instance.ts'

/** Before and after all tests: what killed runs have left behind goes. */
export async function setup(): Promise<() => Promise<void>> {
  await sweepInstances()
  return sweepInstances
}
