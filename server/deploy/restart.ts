import type { Paas } from '../paas.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { assertProcess, currentRelease, draftRelease, formationFor, installRelease } from './release.ts'
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
    const formation = formationFor(paas, app, current.processes)
    const config = paas.store.config.of(app.id)
    const pending =
      request.port !== undefined ||
      JSON.stringify(config) !== JSON.stringify(sorted(current.config)) ||
      JSON.stringify(paas.store.links.next(app.id)) !== JSON.stringify(current.links)
    const release = pending
      ? await draftRelease(paas, request.port === undefined ? app : { ...app, port: request.port }, {
          ...current,
          config,
          formation,
          description:
            request.port === undefined ? 'Restart with pending config' : `Port ${request.port ?? 'by rule'}`,
          createdBy: request.who,
        })
      : current
    await swap(deploy, {
      release,
      formation: app.stopped ? {} : formation,
      replace: (container) => request.process === undefined || container.process === request.process,
      record: () => {
        if (pending) installRelease(paas, release)
        if (request.port !== undefined) paas.store.apps.setPort(app.id, request.port)
      },
    })
    return release.version
  })
}

const sorted = (config: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)))
