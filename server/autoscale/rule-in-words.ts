import type { AutoscaleRule, Measure } from '../state/autoscale.ts'

const words: Readonly<Record<Measure, (threshold: number) => string>> = {
  queue: (threshold) => `more than ${threshold} requests in flight for each`,
  p95: (threshold) => `p95 above ${threshold} ms`,
  cpu: (threshold) => `more than ${threshold} % of its CPU used by each`,
}

/** `web=1..5 by more than 10 requests in flight for each` */
export const ruleInWords = ({ process, least, most, measure, threshold }: AutoscaleRule): string =>
  `${process}=${least}..${most} by ${words[measure](threshold)}`
