import { isDeepStrictEqual } from 'node:util'
import type { Paas } from '../paas.ts'
import { releaseLine } from '../plan.ts'
import type { App } from '../state/apps.ts'
import type { Container } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { pendingConfig } from './pending-config.ts'
import { assertProcess, currentRelease, draftRelease, formationFor } from './release.ts'
import { namesInWords } from './release-difference.ts'
import { serve } from './serve.ts'
import { swap } from './swap.ts'

export type RestartRequest = Omit<DeployRequest, 'kind'> & {
  /** Only this process type; undefined: all. */
  readonly process: string | undefined
  /** Another port for the app (null: by rule); undefined leaves it. Makes a new release too. */
  readonly port?: number | null
}

/**
 * Replaces an app's containers without losing a request. Config that is pending becomes a new release first;
 * else the running release stays. Returns the version that runs.
 */
export async function restart(paas: Paas, request: RestartRequest): Promise<number> {
  return runDeploy(paas, { ...request, kind: 'restart' }, async (deploy) => {
    const { app } = deploy
    const current = currentRelease(paas, app)
    if (request.process !== undefined) assertProcess(app, current, request.process)
    const replace = (container: Container): boolean =>
      request.process === undefined || container.process === request.process
    const formation = formationFor(paas, app, current.processes)
    const config = paas.store.config.of(app.id)
    if (request.port === undefined && !isPending(paas, current)) {
      await swap(deploy, {
        release: current,
        formation: app.stopped ? {} : formation,
        replace,
        record: () => {},
      })
      return current.version
    }
    const port = request.port === undefined ? app.port : request.port
    const release = await draftRelease(
      paas,
      { ...app, port },
      {
        ...current,
        config,
        formation,
        description: request.port === undefined ? 'Restart with pending config' : `Port ${port ?? 'by rule'}`,
        createdBy: request.who,
      },
    )
    await serve(deploy, release, { replace, record: () => paas.store.apps.setPort(app.id, port) })
    return release.version
  })
}

/** What a restart would do, in lines. Throws as that would. */
export function planRestart(paas: Paas, app: App, process: string | undefined): readonly string[] {
  const current = currentRelease(paas, app)
  if (process !== undefined) assertProcess(app, current, process)
  const live = paas.store.containers.of(app.id, 'live')
  const replaced = live.filter((container) => process === undefined || container.process === process)
  const names = replaced.map((container) => `${container.process}.${container.number}`)
  return [
    namesInWords('pending config', pendingConfig(paas, current)),
    areLinksPending(paas, current) ? 'links: those that are pending' : undefined,
    isPending(paas, current) ? releaseLine(paas, app, { restart: true }) : undefined,
    names.length === 0 ? undefined : `replaced: ${names.join(', ')}`,
  ].filter((line) => line !== undefined)
}

/** Config or links were changed and not released. */
const isPending = (paas: Paas, current: Release): boolean =>
  namesInWords('', pendingConfig(paas, current)) !== undefined || areLinksPending(paas, current)

/** To databases, or to other apps. */
const areLinksPending = ({ store }: Paas, { appId, links, appLinks }: Release): boolean =>
  !isDeepStrictEqual([links, appLinks], [store.links.next(appId), store.appLinks.next(appId)])
