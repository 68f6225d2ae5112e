import { describe } from '../../errors.ts'
import type { Cause } from '../cause.ts'

const deadlineMs = 2_000

export default {
  order: 30,
  looksAt: 'whether Docker answers',
  async look({ paas, signal }) {
    try {
      await paas.engine.ping({ deadlineMs, signal })
      return []
    } catch (error) {
      return [{ what: `${describe(error)}. What runs goes on, nothing can be changed`, next: 'make status' }]
    }
  },
} satisfies Cause
