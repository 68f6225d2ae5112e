import type { Event } from '../events/events.ts'
import type { Paas } from '../paas.ts'
import { messageOf } from './message.ts'
import { webhookEvents } from './webhook-events.ts'

/**
 * Spools what webhooks are to be told, until the server closes: behind what happens, never in its way. What an earlier
 * process wrote down and did not come to spool is made up for.
 * @param onSpooled called when something is due
 */
export async function spoolEvents(
  paas: Pick<Paas, 'store' | 'events' | 'closing'>,
  onSpooled: () => void,
): Promise<void> {
  const { webhooks } = paas.store
  const following = paas.events.follow(paas.closing)
  // Fewer than were looked at: somebody has removed the log.
  const looked = Math.min(webhooks.lastEvent() ?? paas.events.lastSequence, paas.events.lastSequence)
  const all = webhooks.all().length === 0 ? [] : paas.events.after(looked)
  for (const event of all) if (spool(paas, event)) onSpooled()
  const last = paas.events.lastSequence
  if (webhooks.lastEvent() !== last) webhooks.spool(last, [])
  for await (const event of following) if (event.sequence > last && spool(paas, event)) onSpooled()
}

function spool({ store: { webhooks } }: Pick<Paas, 'store'>, event: Event): boolean {
  if (!webhookEvents.includes(event.type)) return false
  const all = webhooks.all()
  if (all.length === 0) return false
  const told = all.filter(
    ({ appId, events }) => (appId === null || appId === event.app?.id) && events.includes(event.type),
  )
  webhooks.spool(
    event.sequence,
    told.map((webhook) => messageOf(webhook, event)),
  )
  return told.length > 0
}
