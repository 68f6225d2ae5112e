import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { appOfWebhook, findWebhook, webhookArgument } from '../../webhooks/find-webhook.ts'
import { messageOf } from '../../webhooks/message.ts'
import { post } from '../../webhooks/post.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'

export default {
  summary: 'Tell a webhook something now, once, and show how it answers',
  right: 'own',
  app: 'optional',
  appOf: appOfWebhook,
  plans: true,
  arguments: [webhookArgument],
  examples: ['webhooks:test 3'],
  async run(call) {
    const { paas, user, words, out, signal, planned } = call
    const webhook = findWebhook(call, words[0] ?? '')
    planned(() => [`${shownUrl(webhook.url)} is told of a ping`])
    const app = webhook.appId === null ? undefined : paas.store.apps.byId(webhook.appId)
    const message = messageOf(webhook, {
      type: 'ping',
      at: new Date().toISOString(),
      sequence: null,
      app: app && { id: app.id, name: app.name },
      who: user.name,
      message: 'A test: nothing has happened',
    })
    const { status, error } = await post(webhook, message, signal)
    paas.store.webhooks.keep(message, { status, error, nextAt: null })
    if (error !== null)
      throw new UserError(`${shownUrl(webhook.url)}: ${error}`, {
        next: `Its last deliveries: webhooks:report ${webhook.id}`,
      })
    out.result({ number: webhook.id, status }, () => out.step(`It answered ${status}`))
  },
} satisfies Command
