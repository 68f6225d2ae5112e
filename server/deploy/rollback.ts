import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { previousRelease } from './previous-release.ts'
import { currentRelease, formationFor } from './release.ts'
import { serveAgain } from './serve-again.ts'

export type RollbackRequest = Omit<DeployRequest, 'kind'> & {
  /** undefined: the release before the one that serves. */
  readonly version: number | undefined
  /** Bring back that release's quantities too. */
  readonly formation: boolean
}

/** Image and config of an older release come back as a new one, without a build. Returns the new version. */
export async function rollback(paas: Paas, request: RollbackRequest): Promise<Release> {
  return runDeploy(paas, { ...request, kind: 'rollback' }, async (deploy) => {
    const { app } = deploy
    const target = targetOf(paas, app, request.version)
    const formation = request.formation ? target.formation : formationFor(paas, app, target.processes)
    return await serveAgain(deploy, target, { formation, description: `Rollback to v${target.version}` })
  })
}

function targetOf(paas: Paas, app: App, version: number | undefined): Release {
  const current = currentRelease(paas, app)
  const target =
    version === undefined ? previousRelease(paas, app) : paas.store.releases.find(app.id, version)
  const list = `The kept releases: releases ${app.name}`
  if (!target)
    throw new UserError(
      `${app.name} has no ${version === undefined ? 'earlier release' : `release v${version}`}`,
      { next: list },
    )
  if (target.version === current.version)
    throw new UserError(`v${target.version} serves already`, { next: list })
  if (target.imageGone) throw imageGone(app, target)
  return target
}

/** What to push is the commit where the release had one. */
function imageGone(app: App, { version, commit }: Release): UserError {
  const branch = app.deployBranch ?? 'main'
  return new UserError(`The image of v${version} is gone: it was older than the releases that are kept`, {
    next:
      commit === null
        ? `Push it again: git push paas:${app.name} ${branch}`
        : `Push that commit again: git push --force paas:${app.name} ${commit}:refs/heads/${branch}`,
  })
}
