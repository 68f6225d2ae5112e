import { InterruptedError, UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { DeployRecord } from '../state/journal.ts'

/**
 * Ends a deploy that waits or runs, as if whoever asked for it had; returns once all of it is undone. Throws
 * `UserError` where it has ended or has passed its point of no return.
 */
export async function cancel(paas: Paas, record: DeployRecord, who: string): Promise<void> {
  const { id, appId } = record
  const job = paas.jobs.find(id)
  if (job && !paas.store.journal.find(id)?.switched) {
    job.cancel(new InterruptedError(`Cancelled by ${who}`))
    await job.ended
  }
  const now = paas.store.journal.find(id) ?? record
  if (job && now.outcome === 'cancelled') return
  const name = paas.store.apps.exists(appId) ? paas.store.apps.byId(appId).name : appId
  if (now.switched && now.outcome !== 'succeeded')
    throw new UserError(`Deploy ${id} serves already`, { next: `Take it back: rollback ${name}` })
  throw new UserError(`Deploy ${id} has ended: it ${now.outcome ?? 'is being cleaned up'}`, {
    next: now.version !== null && now.switched ? `Take it back: rollback ${name}` : `See it: deploys ${name}`,
  })
}
