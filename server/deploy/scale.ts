import type { Paas } from '../paas.ts'
import type { Formation } from '../state/releases.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { assertProcess } from './release.ts'
import { swap } from './swap.ts'

export type ScaleRequest = Omit<DeployRequest, 'kind'> & {
  /** From today's quantities to the wanted ones. */
  readonly change: (formation: Formation) => Formation
}

/** Starts or stops only the difference, on the running release; returns when all are routable. */
export async function scale(paas: Paas, request: ScaleRequest): Promise<Formation> {
  return runDeploy(paas, { ...request, kind: 'scale' }, async (deploy) => {
    const { app } = deploy
    const formation = request.change(paas.store.formations.of(app.id))
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    if (!release) {
      deploy.record(() => paas.store.formations.replace(app.id, formation))
      return formation
    }
    for (const process of Object.keys(formation)) assertProcess(app, release, process)
    await swap(deploy, {
      release,
      formation: app.stopped ? {} : formation,
      record: () => paas.store.formations.replace(app.id, formation),
    })
    return formation
  })
}
