import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Formation, Release, StoredRelease } from '../state/releases.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { imageGone } from './image-gone.ts'
import { previousRelease } from './previous-release.ts'
import { currentRelease, formationFor } from './release.ts'
import { differenceInWords, nameDifference, namesInWords, releaseDifference } from './release-difference.ts'
import { serveAgain } from './serve-again.ts'
import { tasksInBetween } from './tasks-in-between.ts'

export type RollbackRequest = Omit<DeployRequest, 'kind'> & {
  /** undefined: the release before the one that serves. */
  readonly version: number | undefined
  /** Bring back that release's quantities too. */
  readonly formation: boolean
}

/** Image and config of an older release come back as a new one, without a build. Returns that, and what it changed. */
export async function rollback(
  paas: Paas,
  request: RollbackRequest,
): Promise<{ readonly release: Release; readonly lines: readonly string[] }> {
  return runDeploy(paas, { ...request, kind: 'rollback' }, async (deploy) => {
    const { app, progress } = deploy
    const { target, formation, lines } = await planRollback(paas, app, request)
    progress.step(`Bringing back v${target.version} (${target.description})`)
    for (const line of lines) progress.detail(line)
    const description = `Rollback to v${target.version}`
    return { release: await serveAgain(deploy, target, { formation, description }), lines }
  })
}

/** What a rollback would bring back, and in what that differs from what serves. Throws as the rollback would. */
export async function planRollback(
  paas: Paas,
  app: App,
  request: Pick<RollbackRequest, 'version' | 'formation'>,
): Promise<{
  readonly target: StoredRelease
  readonly formation: Formation
  readonly lines: readonly string[]
}> {
  const target = targetOf(paas, app, request.version)
  const today = formationFor(paas, app, target.processes)
  const formation = request.formation ? target.formation : today
  const current = currentRelease(paas, app)
  const difference = await releaseDifference(paas, app, {
    from: current,
    // Links and a port that was set stay as they are today.
    to: { ...target, links: current.links, port: app.port ?? target.port },
  })
  const quantities = namesInWords('quantities', nameDifference(today, formation))
  const lines = [
    ...differenceInWords(difference),
    ...(quantities === undefined ? [] : [quantities]),
    ...tasksInBetween(paas, target, current),
  ]
  return { target, formation, lines }
}

function targetOf(paas: Paas, app: App, version: number | undefined): StoredRelease {
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
