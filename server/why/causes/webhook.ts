import { failingWebhooks } from '../../webhooks/failing-webhooks.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 95,
  looksAt: 'whether its webhooks are reached',
  look({ paas, app }) {
    return failingWebhooks(paas.store, paas.store.webhooks.of(app.id)).map(({ webhook, last }) => ({
      what: `Webhook ${webhook.id} (${shownUrl(webhook.url)}) was not told of ${last.event}: ${last.error}`,
      next: `webhooks:report ${webhook.id}`,
      facts: { webhook: webhook.id, status: last.status, at: last.triedAt },
    }))
  },
} satisfies Cause
