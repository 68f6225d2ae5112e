import type { Need } from '../need.ts'

export default {
  order: 20,
  title: 'Redis and router',
  async look({ routes }) {
    const lacking = await routes.lacking()
    if (lacking !== undefined)
      return { holds: false, saw: lacking, next: 'On the server: make status, then make up' }
    return { holds: true, saw: 'every router serves the newest routes' }
  },
} satisfies Need
