import type { Paas } from '../paas.ts'
import { type ConfigVars, parseConfigVars } from '../state/config.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { currentRelease, draftRelease, formationFor } from './release.ts'
import { serve } from './serve.ts'

export type ConfigureRequest = Omit<DeployRequest, 'kind'> & {
  /** From the config as it stands under the lock to the new one. */
  readonly change: (config: ConfigVars) => ConfigVars
  /** False: the change waits for the next release. */
  readonly restart: boolean
  readonly description: string
}

export type Configured = { readonly config: ConfigVars; readonly version: number | undefined }

/**
 * Changes an app's config. With a release and `restart` it becomes a new release that is started, checked and
 * swapped in: if that fails, the config is as it was.
 */
export async function configure(paas: Paas, request: ConfigureRequest): Promise<Configured> {
  return runDeploy(paas, { ...request, kind: 'config' }, async (deploy) => {
    const { app } = deploy
    const config = parseConfigVars(request.change(paas.store.config.of(app.id)))
    if (app.release === null || !request.restart) {
      paas.store.config.replace(app.id, config)
      return { config, version: undefined }
    }
    const current = currentRelease(paas, app)
    const release = await draftRelease(paas, app, {
      ...current,
      config,
      formation: formationFor(paas, app, current.processes),
      description: request.description,
      createdBy: request.who,
    })
    await serve(deploy, release)
    return { config, version: release.version }
  })
}
