import { mayUse } from '../../access.ts'
import type { Command } from '../../command.ts'
import type { Paas } from '../../paas.ts'
import type { Delivery, Webhook } from '../../state/webhooks.ts'
import { shownUrl } from '../../webhooks/shown-url.ts'
import { dotted } from '../../webhooks/webhook-events.ts'

export default {
  summary: 'List webhooks: who is told of what, and how the last time went',
  right: 'own',
  app: 'optional',
  reads: true,
  aliases: ['webhooks:list'],
  examples: ['webhooks blog', 'webhooks --json'],
  async run({ paas, user, appIfAny, out }) {
    const { webhooks } = paas.store
    const seesAll = mayUse(paas.store, user, 'admin', undefined)
    const found = appIfAny
      ? [...webhooks.of(appIfAny.id), ...(seesAll ? webhooks.of(null) : [])]
      : webhooks.all()
    const facts = found.map((webhook) => factsOf(paas, webhook))
    out.result(facts, () =>
      out.table(
        ['Webhook', 'Of', 'URL', 'Last', 'Told of'],
        facts.map(({ number, app, url, last, events }) => [
          String(number),
          app ?? 'the server',
          url,
          last,
          events.join(', '),
        ]),
      ),
    )
  },
} satisfies Command

function factsOf(paas: Paas, { id, appId, url, events, allowPrivate, createdBy, createdAt }: Webhook) {
  return {
    number: id,
    app: appId === null ? null : paas.store.apps.byId(appId).name,
    url: shownUrl(url),
    events: events.map(dotted),
    allowPrivate,
    createdBy,
    createdAt,
    last: lastOf(paas.store.webhooks.lastTried(id)),
  }
}

const lastOf = (delivery: Delivery | undefined): string =>
  delivery === undefined ? 'not told yet' : (delivery.error ?? `answered ${delivery.status}`)
