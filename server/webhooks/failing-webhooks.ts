import type { Store } from '../state/store.ts'
import type { Delivery, Webhook } from '../state/webhooks.ts'

export type FailingWebhook = { readonly webhook: Webhook; readonly last: Delivery }

/** Those of `webhooks` that were not reached, or said no, when they were told something the last time. */
export function failingWebhooks(store: Store, webhooks: readonly Webhook[]): readonly FailingWebhook[] {
  return webhooks.flatMap((webhook) => {
    const last = store.webhooks.lastTried(webhook.id)
    return last && last.error !== null ? [{ webhook, last }] : []
  })
}
