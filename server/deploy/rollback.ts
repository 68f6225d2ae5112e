import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Formation, Release, StoredRelease } from '../state/releases.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { previousRelease } from './previous-release.ts'
import { currentRelease, formationFor } from './release.ts'
import { differenceInWords, nameDifference, namesInWords, releaseDifference } from './release-difference.ts'
import { serveAgain } from './serve-again.ts'

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

/** What ran once for the releases that are gone back over: a database that it changed stays changed. */
function tasksInBetween(paas: Paas, target: Release, current: Release): readonly string[] {
  return paas.store.releases
    .list(current.appId)
    .filter(
      ({ version, tasks }) => version > target.version && version <= current.version && tasks.length > 0,
    )
    .toReversed()
    .map(({ version, tasks }) => `The ${tasks.join(', ')} of v${version} ran since and is not taken back`)
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
