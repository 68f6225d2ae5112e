import type { AutoscaleRule, Measure } from '../state/autoscale.ts'

/** Of one process type. */
export const mostContainers = 100

/** The largest threshold that means something. */
export const largestThreshold: Readonly<Record<Measure, number>> = { queue: 10_000, p95: 60_000, cpu: 100 }

/** Whether a rule is one that `autoscale:set` could have made. */
export function isWithinLimits({
  process,
  least,
  most,
  measure,
  threshold,
}: Omit<AutoscaleRule, 'appId' | 'steppedAt'>): boolean {
  return (
    least >= 1 &&
    least <= most &&
    most <= mostContainers &&
    threshold >= 1 &&
    threshold <= largestThreshold[measure] &&
    // Requests reach web alone.
    (process === 'web' || measure === 'cpu')
  )
}
