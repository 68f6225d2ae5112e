import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that mostly wait begin first, so that others fill the time; the rest as always, the largest first. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const waits = ({ moduleId }: TestSpecification): boolean => waiting.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))]
  }
}

const waiting = /\/test\/(faults|model|deploy\/silent|commands\/cron)\b/

// The tests drive real parts: builds and containers take seconds on a busy machine, and two cores are few.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/sweep.ts',
    reporters: ['./test/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // More than there are cores: about a quarter of the time a test waits.
    maxWorkers: 4,
    // A new process for each file, with all modules loaded anew, costs more than most of these files.
    isolate: false,
    sequence: { sequencer: WaitingFirst },
    // Half of what Docker would have to do otherwise. Tests of what waits for a deploy ask for it.
    env: { PAAS_SPARE_SANDBOXES: '0' },
  },
})
