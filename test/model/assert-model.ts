import fc from 'fast-check'
import type { TestInstance } from '../instance.ts'
import { worldCommands } from './commands.ts'
import { realWorld } from './real-world.ts'
import type { World } from './world.ts'

export type ModelRun = {
  readonly seed: number
  /** How many lists of commands are tried. */
  readonly runs: number
  readonly mostCommands: number
  /** No further list begins after so long; none without. */
  readonly limitMs?: number
  readonly onCommand?: (text: string) => void
}

/**
 * Runs random commands of several people and compares the real system with the model after each of them. Throws with the seed and
 * the fewest commands that still differ.
 */
export async function assertModel(paas: TestInstance, run: ModelRun): Promise<void> {
  await using real = await realWorld(paas, run.onCommand)
  const commands = fc.commands(worldCommands(), { maxCommands: run.mostCommands, size: 'max' })
  const property = fc.asyncProperty(commands, async (list) => {
    await real.clear()
    const world: World = { apps: new Map() }
    await fc.asyncModelRun(() => ({ model: world, real }), list)
  })
  await fc.assert(property, {
    seed: run.seed,
    numRuns: run.runs,
    ...(run.limitMs === undefined ? {} : { interruptAfterTimeLimit: run.limitMs }),
  })
}
