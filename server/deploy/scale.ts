import type { Paas } from '../paas.ts'
import type { Formation } from '../state/releases.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { assertProcess } from './release.ts'
import { swap } from './swap.ts'

export type ScaleRequest = Omit<DeployRequest, 'kind'> & {
  /** From today's quantities to the wanted ones. */
  readonly change: (formation: Formation) => Formation
  /** Why, where nobody typed it; for the event. */
  readonly reason?: string
}

/** Starts or stops only the difference, on the running release; returns when all are routable. */
export async function scale(paas: Paas, request: ScaleRequest): Promise<Formation> {
  return runDeploy(paas, { ...request, kind: 'scale' }, async (deploy) => {
    const { app } = deploy
    const formation = request.change(paas.store.formations.of(app.id))
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    if (!release) {
      deploy.record(() => paas.store.formations.replace(app.id, formation))
      tellOfScale(deploy, formation, request.reason)
      return formation
    }
    for (const process of Object.keys(formation)) assertProcess(app, release, process)
    await swap(deploy, {
      release,
      formation: app.stopped ? {} : formation,
      record: () => paas.store.formations.replace(app.id, formation),
    })
    tellOfScale(deploy, formation, request.reason)
    return formation
  })
}

function tellOfScale({ paas, app, request }: Deploy, formation: Formation, reason: string | undefined): void {
  const quantities = Object.entries(formation).map(([process, quantity]) => `${process}=${quantity}`)
  const why = reason === undefined ? '' : `, by itself: ${reason}`
  const message = `${app.name} is scaled: ${quantities.join(' ')}${why}`
  paas.events.record({ type: 'app-scaled', app, who: request.who, message, facts: formation })
}
