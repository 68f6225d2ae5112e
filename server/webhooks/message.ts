import { createHmac, randomUUID } from 'node:crypto'
import type { Event } from '../events/events.ts'
import type { Delivery, Webhook } from '../state/webhooks.ts'
import { dotted } from './webhook-events.ts'

/** What a webhook is told, before it is. */
export type Message = Pick<Delivery, 'id' | 'webhookId' | 'event' | 'body'>

/** The message that tells `webhook` of `event`: its id and time stand in the body, so that the signature covers them. */
export function messageOf(
  webhook: Webhook,
  event: Omit<Event, 'sequence'> & { readonly sequence: number | null },
): Message {
  const id = randomUUID()
  const { type, at, sequence, app = null, who, message, facts = {} } = event
  const body = { id, timestamp: at, event: dotted(type), number: sequence, app, who, message, facts }
  return { id, webhookId: webhook.id, event: dotted(type), body: JSON.stringify(body) }
}

/** What goes with the body: of what it is, and the proof that it is ours. */
export const headersOf = ({ secret }: Webhook, { id, event, body }: Message): Record<string, string> => ({
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(body)),
  'user-agent': 'paas-webhook',
  'x-paas-event': event,
  'x-paas-delivery': id,
  'x-paas-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
})
