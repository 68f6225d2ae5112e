import { lookup } from 'node:dns/promises'
import { randomName } from '../../state/identifiers.ts'
import type { Need } from '../need.ts'

export default {
  order: 50,
  title: 'Wildcard DNS',
  async look({ settings: { domain } }) {
    if (domain === 'localhost' || domain.endsWith('.localhost'))
      return {
        holds: true,
        saw: `*.${domain}: browsers and curl find it on their own machine, and only there`,
      }
    const host = `${randomName(8)}.${domain}`
    try {
      const { address } = await lookup(host)
      return { holds: true, saw: `*.${domain} is ${address}` }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      return {
        holds: false,
        saw: `${host} has no address (${code})`,
        next: `Make a DNS record *.${domain} that points here, or set PAAS_DOMAIN in .env, then: make up`,
      }
    }
  },
} satisfies Need
