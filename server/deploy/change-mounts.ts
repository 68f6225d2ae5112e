import type { Paas } from '../paas.ts'
import type { Mount } from '../state/storage.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { mountsFor } from './mounts.ts'
import { currentRelease, formationFor } from './release.ts'
import { swap } from './swap.ts'

export type MountsRequest = Omit<DeployRequest, 'kind'> & {
  /** From the mounts as they stand under the lock to the new ones. */
  readonly change: (mounts: readonly Mount[]) => readonly Mount[]
  /** False: containers get them when they are next replaced. */
  readonly restart: boolean
  /** Part of the transaction in which the new mounts come to last. */
  readonly record?: () => void
}

/**
 * Changes what an app's containers mount, and replaces those that it concerns: if the new ones do not come up, the
 * mounts are as they were. Returns whether what runs has them now.
 */
export async function changeMounts(paas: Paas, request: MountsRequest): Promise<boolean> {
  return runDeploy(paas, { ...request, kind: 'storage' }, async (deploy) => {
    const { app } = deploy
    const before = paas.store.storage.mountsOf(app.id)
    const mounts = request.change(before)
    const record = (): void => {
      paas.store.storage.replaceMounts(app.id, mounts)
      request.record?.()
    }
    if (app.release === null || app.stopped || !request.restart) {
      paas.store.transaction(record)
      return false
    }
    const release = currentRelease(paas, app)
    const seen = (process: string, which: readonly Mount[]): string =>
      JSON.stringify(mountsFor(paas, app, process, which))
    await swap(deploy, {
      release,
      formation: formationFor(paas, app, release.processes),
      replace: ({ process }) => seen(process, before) !== seen(process, mounts),
      mounts,
      record,
    })
    return true
  })
}
