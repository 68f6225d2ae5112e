import type { Check } from '../checks/check.ts'
import type { Healthcheck } from '../docker/images.ts'

/** A Dockerfile's HEALTHCHECK as a readiness check: Docker's own runner takes seconds to say what is known at once. */
export const imageHealthcheck = (healthcheck: Healthcheck): Check => ({
  when: 'readiness',
  name: 'HEALTHCHECK',
  probe: { kind: 'command', command: healthcheck.command },
  initialDelayMs: 0,
  graceMs: healthcheck.startPeriodMs,
  waitMs: healthcheck.intervalMs,
  timeoutMs: healthcheck.timeoutMs,
  attempts: healthcheck.retries,
})
