import type { Paas } from '../paas.ts'
import type { ConfigVars } from '../state/config.ts'
import type { Container } from '../state/containers.ts'
import { type DeployRequest, runDeploy } from './deploy.ts'
import { assertProcess, currentRelease, draftRelease, formationFor } from './release.ts'
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
    if (request.port === undefined && isSame(config, current.config)) {
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

const isSame = (one: ConfigVars, other: ConfigVars): boolean =>
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([name, value]) => Object.hasOwn(other, name) && other[name] === value)
