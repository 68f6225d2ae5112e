import { assertRoom } from '../disk/assert-room.ts'
import { InterruptedError, PaasError } from '../errors.ts'
import { fetchCommit, type Remote, remoteCommit } from '../git/fetch-commit.ts'
import { noObject } from '../git/object-name.ts'
import { resolve } from '../git/refs.ts'
import { enter } from '../git/visits.ts'
import type { Paas } from '../paas.ts'
import type { DeployRequest } from './deploy.ts'
import { deployPush, rebuild } from './push.ts'
import { ensureRepository } from './repository.ts'

export type SyncRequest = Omit<DeployRequest, 'kind'> & {
  readonly remote: Remote
  /** A branch, tag or commit there; undefined: its HEAD. */
  readonly name: string | undefined
  /** Where the app has that commit already, nothing is built. */
  readonly onlyChanges: boolean
}

/**
 * Another repository's commit becomes that of the deploy branch, and is deployed as a push of it is. Throws with the
 * branch where it was. False: it stood there already, and nothing was built.
 */
export async function sync(paas: Paas, request: SyncRequest): Promise<boolean> {
  const { remote, name, appId, progress, signal } = request
  await assertRoom(paas)
  const app = paas.store.apps.byId(appId)
  const repository = await ensureRepository(paas, app)
  await using visit = await enter(repository)
  try {
    const ref = `refs/heads/${app.deployBranch ?? 'main'}`
    const from = (await resolve(repository, ref)) ?? noObject
    const object = await remoteCommit(repository, remote, { name, signal })
    progress.step(`Fetching ${name ?? 'HEAD'} of ${remote.url.host}${remote.url.pathname}`)
    const to = await fetchCommit(repository, remote, { object, signal })
    if (to !== from) await deployPush(paas, { ...request, ref, from, to })
    else if (request.onlyChanges) return false
    else await rebuild(paas, request)
    return true
  } catch (error) {
    visit.leavesObjects()
    throw signal.aborted && !(error instanceof PaasError) ? new InterruptedError() : error
  }
}
