import type { Paas } from '../paas.ts'
import { type ConfigVars, parseConfigVars } from '../state/config.ts'
import type { ReleaseLink } from '../state/releases.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
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
    const config = parseConfigVars(request.change(paas.store.config.of(deploy.app.id)))
    const version = await releaseChange(deploy, {
      ...request,
      config,
      record: () => paas.store.config.replace(deploy.app.id, config),
    })
    return { config, version }
  })
}

export type ReleaseChange = {
  readonly config: ConfigVars
  /** Default: the links as they stand. */
  readonly links?: readonly ReleaseLink[]
  readonly restart: boolean
  readonly description: string
  /** Makes the change last in the store; part of the switch's transaction. */
  readonly record: () => void
}

/**
 * The same image with other config or links as a new release, swapped in; returns its version. Without a release yet,
 * or without `restart`, the change is only recorded.
 */
export async function releaseChange(deploy: Deploy, change: ReleaseChange): Promise<number | undefined> {
  const { paas, app } = deploy
  if (app.release === null || !change.restart) {
    deploy.record(change.record)
    return undefined
  }
  const current = currentRelease(paas, app)
  const release = await draftRelease(paas, app, {
    ...current,
    config: change.config,
    ...(change.links ? { nextLinks: change.links } : {}),
    formation: formationFor(paas, app, current.processes),
    description: change.description,
    createdBy: deploy.request.who,
  })
  await serve(deploy, release, { record: change.record })
  return release.version
}
