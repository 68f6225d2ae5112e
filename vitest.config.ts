import { defineConfig } from 'vitest/config'

// The tests drive real parts: builds and containers take seconds on a busy machine, and two cores are few.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/sweep.ts',
    reporters: ['./test/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Half of what Docker would have to do otherwise. Tests of what waits for a deploy ask for it.
    env: { PAAS_SPARE_SANDBOXES: '0' },
  },
})
