import { InterruptedError } from '../errors.ts'
import { isAncestor } from '../git/commits.ts'
import type { Paas } from '../paas.ts'
import type { DeployRequest } from './deploy.ts'
import type { Job } from './job.ts'
import { repositoryOf } from './repository.ts'

/**
 * Ends the pushes to the same branch that `newer` makes needless: they wait for the app still, and it contains them or
 * is of the same person. A push of other work by somebody else keeps its turn.
 */
export async function replaceWaiting(paas: Paas, newer: Job): Promise<void> {
  const { appId, ref } = newer.request
  if (!ref) return
  for (const older of paas.jobs.of(appId)) {
    if (older.id >= newer.id || older.request.ref?.name !== ref.name || older.hasBegun) continue
    if (!(await makesNeedless(paas, newer.request, older.request)) || older.hasBegun) continue
    older.cancel(new InterruptedError(`Replaced by a newer push (${ref.to.slice(0, 8)})`))
    newer.progress.step(`Replacing the push of ${older.request.who} that waits (deploy ${older.id})`)
  }
}

async function makesNeedless(paas: Paas, newer: DeployRequest, older: DeployRequest): Promise<boolean> {
  if (!newer.ref || !older.ref) return false
  if (newer.who === older.who) return true
  const repository = repositoryOf(paas, paas.store.apps.byId(newer.appId))
  return await isAncestor(repository, { ancestor: older.ref.to, descendant: newer.ref.to })
}
