import type { Paas } from '../paas.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { currentRelease, formationFor } from './release.ts'
import { swap } from './swap.ts'

/** Stops all containers of an app until `start`; its release, formation and routes to a 503 page stay. */
export async function stop(paas: Paas, request: Omit<DeployRequest, 'kind'>): Promise<void> {
  await setStopped(paas, request, true)
}

/** Starts the containers of a stopped app again. */
export async function start(paas: Paas, request: Omit<DeployRequest, 'kind'>): Promise<void> {
  await setStopped(paas, request, false)
}

async function setStopped(paas: Paas, request: Omit<DeployRequest, 'kind'>, stopped: boolean): Promise<void> {
  await runDeploy(paas, { ...request, kind: stopped ? 'stop' : 'start' }, async (deploy) => {
    const { app } = deploy
    const release = currentRelease(paas, app)
    await swap(deploy, {
      release,
      formation: stopped ? {} : formationFor(paas, app, release.processes),
      record: () => paas.store.apps.setStopped(app.id, stopped),
    })
  })
}
