import type { Paas } from '../paas.ts'
import { Deliveries } from './deliveries.ts'
import { spoolEvents } from './spool-events.ts'

/** Tells webhooks what happens, until the server closes; what it does not come to is told by the next one. */
export async function runWebhooks(
  paas: Pick<Paas, 'store' | 'events' | 'closing' | 'log'>,
  options: { readonly pausesMs?: readonly number[] } = {},
): Promise<void> {
  const deliveries = new Deliveries(paas, options)
  await Promise.all([spoolEvents(paas, () => deliveries.wake()), deliveries.run()])
}
