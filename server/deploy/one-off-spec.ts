import type { ContainerSpec } from '../docker/container-spec.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'
import { limitsOf, oneOffType } from '../state/resources.ts'
import { joining, linkEnds } from './link-network.ts'
import { mountsFor } from './mounts.ts'
import { networkName } from './network.ts'
import { commandOf, environmentOf, labelsOf } from './start.ts'

export type OneOffCommand = {
  readonly app: App
  readonly release: Release
  /** argv as it came; a single Procfile type stands for its line. */
  readonly words: readonly string[]
  /** In place of words: run as a line of the Procfile is. */
  readonly line?: string
  /** Over the app's own. */
  readonly environment: Readonly<Record<string, string>>
}

/** What Docker calls the one-off container `run.ID`. */
export const oneOffName = (appId: string, id: string): string => `paas-${appId}-run-${id}`

/** What Docker is told of the one-off container `run.ID`, without how one is joined to it. */
export function oneOffSpec(paas: Paas, id: string, command: OneOffCommand): ContainerSpec {
  const { app, release, environment } = command
  const process = `run.${id}`
  return {
    name: oneOffName(app.id, id),
    hostname: `run-${id}-v${release.version}`,
    image: release.image,
    ...commandFor(command),
    environment: { ...environmentOf(paas, app, release, process), ...environment },
    labels: labelsOf(paas, app, release, process),
    network: {
      name: networkName(app.id),
      ...joining(linkEnds(paas, { appId: app.id, process: 'run', named: release.appLinks }), undefined),
    },
    mounts: [...mountsFor(paas, app, 'run'), ...paas.configFiles.provide(release)],
    limits: limitsOf(paas.store.resources.of(app.id), oneOffType),
  }
}

function commandFor({ release, words, line: task }: OneOffCommand): {
  command?: string[]
  entrypoint?: string[]
} {
  const [only = ''] = words
  const line =
    task ??
    (words.length === 1 && Object.hasOwn(release.processes, only) ? release.processes[only] : undefined)
  if (typeof line === 'string') return commandOf(line, release.entrypoint)
  // One empty string is how the API says: no entry point.
  return { entrypoint: [''], command: [...words] }
}
