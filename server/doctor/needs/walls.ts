import type { Need } from '../need.ts'

export default {
  order: 45,
  title: 'Walls',
  async look({ walls }) {
    const missing = await walls.missing()
    if (missing === undefined)
      return { holds: true, saw: 'apps and builds reach neither this machine nor its network' }
    return {
      holds: false,
      saw: `apps and builds may reach this machine and its network: ${missing}`,
      next: 'As root, on the server: apt-get install nftables, then make down and make up',
    }
  },
} satisfies Need
