import type { Paas } from '../paas.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { finishDestroy } from './finish-destroy.ts'

/**
 * Removes an app with all that was made for it: routes, containers, images, network, repository, rows, and its users
 * in databases; the databases stay.
 */
export async function destroy(paas: Paas, request: Omit<DeployRequest, 'kind'>): Promise<void> {
  await runDeploy(paas, { ...request, kind: 'destroy' }, async (deploy) => {
    const { app } = deploy
    await deploy.switch(() => paas.store.apps.setDestroying(app.id))
    const done = await deploy.finish('Something of the app could not be removed yet', () =>
      finishDestroy(paas, app),
    )
    if (!done) deploy.leaveOpen()
    paas.events.record({ type: 'app-destroyed', app, who: request.who, message: `${app.name} is destroyed` })
  })
}
