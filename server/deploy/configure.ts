import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { type ConfigVars, filesIn, parseConfigVars } from '../state/config.ts'
import type { ReleaseAppLink, ReleaseLink } from '../state/releases.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { sourceName } from './mounts.ts'
import { currentRelease, draftRelease, formationFor } from './release.ts'
import { nameDifference } from './release-difference.ts'
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
    const before = paas.store.config.of(deploy.app.id)
    const config = parseConfigVars(request.change(before))
    assertFilesApart(paas, deploy.app, config)
    const version = await releaseChange(deploy, {
      ...request,
      config,
      record: () => paas.store.config.replace(deploy.app.id, config),
    })
    tellOfConfig(deploy, before, config)
    return { config, version }
  })
}

/** Throws `UserError` where a file's place has a volume or a folder already. */
function assertFilesApart(paas: Paas, app: App, config: ConfigVars): void {
  const mounts = paas.store.storage.mountsOf(app.id)
  for (const [name, { path }] of Object.entries(filesIn(config))) {
    const there = mounts.find(({ directory }) => directory === path)
    if (there)
      throw new UserError(`${name} cannot be a file at ${path}: ${sourceName(there)} is mounted there`, {
        next: `Choose another path, or: storage:unmount ${app.name} --container-dir ${path}`,
      })
  }
}

function tellOfConfig({ paas, app, request }: Deploy, before: ConfigVars, after: ConfigVars): void {
  const { added, removed, changed } = nameDifference(before, after)
  const names = [...added, ...removed, ...changed].sort()
  if (names.length === 0) return
  const message = `${app.name}: ${names.join(', ')} changed`
  paas.events.record({
    type: 'config-changed',
    app,
    who: request.who,
    message,
    facts: { names: names.join(' ') },
  })
}

export type ReleaseChange = {
  readonly config: ConfigVars
  /** Default: the links as they stand. */
  readonly links?: readonly ReleaseLink[]
  /** Default: the links to other apps as they stand. */
  readonly appLinks?: readonly ReleaseAppLink[]
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
    ...(change.appLinks ? { nextAppLinks: change.appLinks } : {}),
    formation: formationFor(paas, app, current.processes),
    description: change.description,
    createdBy: deploy.request.who,
  })
  await serve(deploy, release, { record: change.record })
  return release.version
}
