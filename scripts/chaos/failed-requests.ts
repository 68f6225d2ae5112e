import type { LoadReport } from '../../test/load.ts'

/** How many requests of these loads failed. */
export const failedRequests = (...reports: readonly LoadReport[]): number =>
  reports.flatMap(({ failed }) => Object.values(failed)).reduce((sum, each) => sum + each, 0)
