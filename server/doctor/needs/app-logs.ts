import type { Need } from '../need.ts'

export default {
  order: 83,
  title: 'App logs',
  async look({ appLogs }) {
    const { trouble } = appLogs
    if (trouble === undefined) return { holds: true, saw: 'what apps write is kept' }
    return {
      holds: false,
      saw: `what apps write is not kept: ${trouble}`,
      next: 'Once Docker can be read again, what it still has of it (30 MB of a container) is taken',
    }
  },
} satisfies Need
