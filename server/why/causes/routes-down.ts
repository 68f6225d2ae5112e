import { setTimeout as wait } from 'node:timers/promises'
import type { Cause } from '../cause.ts'

const deadlineMs = 2_000

export default {
  order: 31,
  looksAt: 'whether Redis and the router answer',
  async look({ paas }) {
    const late = wait(deadlineMs, `Redis did not answer within ${deadlineMs / 1000} s`)
    const missing = await Promise.race([paas.routes.missing(), late])
    if (missing === undefined) return []
    return [{ what: `${missing}. Routes stay as they are`, next: 'make status' }]
  },
} satisfies Cause
