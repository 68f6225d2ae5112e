import { isDeepStrictEqual } from 'node:util'
import type { Paas } from '../paas.ts'
import { limitsOf, type ResourcesOfApp } from '../state/resources.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { currentRelease, formationFor } from './release.ts'
import { swap } from './swap.ts'

export type LimitRequest = Omit<DeployRequest, 'kind'> & {
  /** From what holds under the lock to what is to hold. */
  readonly change: (resources: ResourcesOfApp) => ResourcesOfApp
}

/**
 * Changes what an app's containers may use: those that it concerns are replaced on the running release, the others
 * are not touched. Where the new ones do not come up, all is as it was.
 */
export async function limit(paas: Paas, request: LimitRequest): Promise<ResourcesOfApp> {
  return runDeploy(paas, { ...request, kind: 'resources' }, async (deploy) => {
    const { app } = deploy
    const before = paas.store.resources.of(app.id)
    const resources = request.change(before)
    const record = (): void => paas.store.resources.replace(app.id, resources)
    if (app.release === null) {
      paas.store.transaction(record)
      return resources
    }
    const release = currentRelease(paas, app)
    await swap(deploy, {
      release,
      formation: app.stopped ? {} : formationFor(paas, app, release.processes),
      replace: ({ process }) => !isDeepStrictEqual(limitsOf(before, process), limitsOf(resources, process)),
      resources,
      record,
    })
    return resources
  })
}
