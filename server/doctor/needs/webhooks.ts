import { failingWebhooks } from '../../webhooks/failing-webhooks.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'
import type { Need } from '../need.ts'

export default {
  order: 80,
  title: 'Webhooks',
  async look({ store }) {
    const all = store.webhooks.all()
    const failing = failingWebhooks(store, all)
    const [first] = failing
    if (!first)
      return { holds: true, saw: all.length === 0 ? 'there are none' : `all ${all.length} are told` }
    const { webhook, last } = first
    return {
      holds: false,
      saw: `${failing.length} of ${all.length} fail; webhook ${webhook.id} (${shownUrl(webhook.url)}): ${last.error}`,
      next: `webhooks:report ${webhook.id}; once it is mended: webhooks:test ${webhook.id}`,
    }
  },
} satisfies Need
