import type { Command } from '../../command.ts'
import { appOfWebhook, findWebhook, webhookArgument } from '../../webhooks/find-webhook.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'

export default {
  summary: 'Remove a webhook: it is told nothing any more, also not what waits',
  right: 'own',
  app: 'optional',
  appOf: appOfWebhook,
  plans: true,
  arguments: [webhookArgument],
  examples: ['webhooks:remove 3'],
  async run(call) {
    const { paas, user, words, out, planned } = call
    const { id, appId, url } = findWebhook(call, words[0] ?? '')
    planned(() => [`webhooks: - ${id}, ${shownUrl(url)}`])
    paas.store.webhooks.remove(id)
    paas.events.record({
      type: 'webhook-removed',
      app: appId === null ? undefined : paas.store.apps.byId(appId),
      who: user.name,
      message: `Webhook ${id} (${shownUrl(url)}) is told nothing any more`,
      facts: { webhook: id },
    })
    out.result({ removed: id }, () => out.step(`Removed webhook ${id}`))
  },
} satisfies Command
