import { apiAddress } from '../../api/api-address.ts'
import type { Need } from '../need.ts'

export default {
  order: 47,
  title: 'HTTP API',
  async look({ settings }) {
    const address = apiAddress(settings)
    if (!address) return { holds: true, saw: 'off: PAAS_API_PORT is unset' }
    const { url, warning } = address
    if (warning === undefined) return { holds: true, saw: `${url}, from this machine alone` }
    return {
      holds: false,
      saw: `${url} is open to other machines without TLS: a token that is read on its way is lost`,
      next: warning,
    }
  },
} satisfies Need
