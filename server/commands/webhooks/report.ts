import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import type { Delivery } from '../../state/webhooks.ts'
import { appOfWebhook, findWebhook, webhookArgument } from '../../webhooks/find-webhook.ts'
import { dotted } from '../../webhooks/webhook-events.ts'

export default {
  summary: 'Show a webhook with its whole address and its last deliveries, newest first',
  right: 'own',
  app: 'optional',
  appOf: appOfWebhook,
  reads: true,
  arguments: [webhookArgument],
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  examples: ['webhooks:report 3', 'webhooks:report 3 -n 50 --json'],
  async run(call) {
    const { paas, words, flags, out } = call
    const { id, url, events } = findWebhook(call, words[0] ?? '')
    const deliveries = paas.store.webhooks.deliveries(id, countOf(flags, 15)).map((each) => ({
      id: each.id,
      event: each.event,
      at: each.createdAt,
      state: stateOf(each),
      tries: each.tries,
      triedAt: each.triedAt,
      status: each.status,
      error: each.error,
      nextAt: each.nextAt === null ? null : new Date(each.nextAt).toISOString(),
    }))
    out.result({ number: id, url, events: events.map(dotted), deliveries }, () => {
      out.line(`Webhook ${id}: ${url}`)
      out.line(`told of ${events.map(dotted).join(', ')}`)
      out.table(
        ['At', 'Event', 'State', 'Tries', 'Answer', 'Next try'],
        deliveries.map((each) => [
          `${each.at.slice(0, 19)}Z`,
          each.event,
          each.state,
          String(each.tries),
          each.error ?? (each.status === null ? '-' : String(each.status)),
          each.nextAt === null ? '-' : `${each.nextAt.slice(0, 19)}Z`,
        ]),
      )
    })
  },
} satisfies Command

const stateOf = ({ nextAt, error }: Delivery): 'waiting' | 'taken' | 'given up' =>
  nextAt !== null ? 'waiting' : error === null ? 'taken' : 'given up'
