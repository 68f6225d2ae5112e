import { splitWords } from '../command-line/words.ts'
import type { ContainerSpec } from '../docker/container-spec.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { environmentIn, filesIn } from '../state/config.ts'
import type { Container } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'
import { limitsOf, type ResourcesOfApp } from '../state/resources.ts'
import type { Mount } from '../state/storage.ts'
import type { Deploy } from './deploy.ts'
import { ensureLinkNetworks, joining, linkEnds, linkVariable } from './link-network.ts'
import { mountsFor } from './mounts.ts'
import { networkName } from './network.ts'
import { removeLinksUnused } from './remove-links.ts'
import { hostnameOf, type Place } from './sandboxes.ts'
import { startContainer } from './start-container.ts'

export type ToStart = {
  readonly release: Release
  readonly places: readonly Place[]
  /** Default: the app's as they stand. */
  readonly mounts?: readonly Mount[] | undefined
  /** Default: the app's as they stand. */
  readonly resources?: ResourcesOfApp | undefined
}

/** Creates and starts a container for each place; all are removed again if the deploy is undone. */
export async function startContainers(
  deploy: Deploy,
  { release, places, mounts, resources }: ToStart,
): Promise<readonly Container[]> {
  const { paas, app } = deploy
  const containers: Container[] = []
  deploy.onUndo(() => removeContainers(paas, containers), { laterToo: true })
  await ensureLinkNetworks(paas, app.id)
  await everyOne(
    places.map(async (place) => {
      const name = `paas-${app.id}-d${deploy.id}-${place.process}.${place.number}`
      const sandbox = await paas.sandboxes.take(app, place, release)
      const container = {
        name,
        appId: app.id,
        version: release.version,
        ...place,
        address: sandbox?.address ?? (await paas.sandboxes.reserve(app, name)),
        sandbox: sandbox?.name ?? name,
        state: 'starting',
        deployId: deploy.id,
      } as const
      paas.store.containers.add(container)
      containers.push({ ...container, restarts: 0, crashed: null, lastEnd: null })
      const spec = specOf(paas, app, release, container, { mounts, resources })
      await paas.appLogs.collect(container, await paas.engine.containers.create(spec))
      await startContainer(paas, { name, place: `${place.process}.${place.number}` })
    }),
  )
  return containers
}

/** Ends and forgets `containers`, whether Docker still has them or not. */
export async function removeContainers(paas: Paas, containers: readonly Container[]): Promise<void> {
  await everyOne(
    containers.map(async (container) => {
      await paas.appLogs.settle(container.name)
      await paas.engine.containers.remove(container.name, { force: true })
      paas.appLogs.release(container.name)
      await paas.sandboxes.remove(container.sandbox)
      paas.store.containers.delete(container.name)
      paas.proved.delete(container.name)
    }),
  )
  for (const appId of new Set(containers.map((container) => container.appId))) {
    pruneFiles(paas, appId)
    await removeLinksUnused(paas, appId)
  }
}

function pruneFiles(paas: Paas, appId: string): void {
  if (!paas.store.apps.exists(appId)) return
  const needed = new Set(paas.store.containers.of(appId).map(({ version }) => version))
  paas.configFiles.prune(appId, needed, paas.store.apps.byId(appId).release ?? 0)
}

/** What Docker is told of a container: everything about it follows from app, release and place. */
export function specOf(
  paas: Paas,
  app: App,
  release: Release,
  container: Pick<Container, 'name' | 'version' | 'process' | 'number' | 'address' | 'sandbox'>,
  next: Pick<ToStart, 'mounts' | 'resources'> = {},
): ContainerSpec {
  const line = release.processes[container.process] ?? null
  return {
    name: container.name,
    image: release.image,
    ...commandOf(line, release.entrypoint),
    environment: environmentOf(paas, app, release, `${container.process}.${container.number}`),
    labels: labelsOf(paas, app, release, `${container.process}.${container.number}`),
    ...networkOf(paas, app, release, container),
    mounts: [...mountsFor(paas, app, container.process, next.mounts), ...paas.configFiles.provide(release)],
    limits: limitsOf(next.resources ?? paas.store.resources.of(app.id), container.process),
  }
}

/** One without a sandbox is in the app's network by itself. */
function networkOf(
  paas: Paas,
  app: App,
  release: Release,
  container: Pick<Container, 'name' | 'version' | 'process' | 'number' | 'address' | 'sandbox'>,
): Pick<ContainerSpec, 'network' | 'hostname'> {
  if (container.sandbox !== container.name) return { network: { sandbox: container.sandbox } }
  const { process, address } = container
  const ends = linkEnds(paas, { appId: app.id, process, named: release.appLinks })
  const network = { name: networkName(app.id), address, ...joining(ends, address) }
  return { network, hostname: hostnameOf(container, container.version) }
}

/**
 * What a process finds in its environment: ours, then what all apps share, then what the release's links give, and last
 * the app's own config vars.
 */
export function environmentOf(
  paas: Paas,
  app: App,
  release: Release,
  process: string,
): Record<string, string> {
  const environment = {
    PAAS_APP: app.name,
    PAAS_RELEASE: `v${release.version}`,
    PAAS_PROCESS: process,
    DYNO: process,
    ...(release.commit ? { GIT_REV: release.commit, SOURCE_VERSION: release.commit } : {}),
    ...paas.store.sharedConfig.of(release.shared),
    ...linkVariables(paas, release),
    ...paas.provisioning.environment(release),
    ...environmentIn(release.config),
    PORT: String(release.port),
  }
  paas.secrets.remember(app.id, { ...environment, ...filesIn(release.config) })
  return environment
}

const linkVariables = (paas: Paas, { appLinks }: Release): Readonly<Record<string, string>> =>
  Object.fromEntries(
    appLinks.filter(({ id }) => paas.store.appLinks.byId(id)).map(({ alias }) => linkVariable(alias)),
  )

export function labelsOf(paas: Paas, app: App, release: Release, process: string): Record<string, string> {
  return {
    'paas.instance': paas.store.instanceId,
    'paas.app': app.name,
    'paas.app-id': app.id,
    'paas.release': `v${release.version}`,
    'paas.process': process,
  }
}

/**
 * A Procfile line runs as `/bin/sh -c 'exec LINE'`; with an ENTRYPOINT its words are the arguments. `exec` takes
 * one simple command, so a line with operators or leading assignments keeps its shell.
 */
export function commandOf(
  line: string | null,
  entrypoint: boolean,
): { command?: string[]; entrypoint?: string[] } {
  if (line === null) return {}
  if (entrypoint) return { command: splitWords(line) }
  const simple =
    !/[;&|<>()`\n]|^\s*[A-Za-z_]\w*=|^\s*(if|for|while|until|case|cd|exit|export|exec|eval|set|unset|test|trap|ulimit|umask|wait)(\s|$)|^\s*[{[!.](\s|$)/.test(
      line,
    )
  return { entrypoint: [], command: ['/bin/sh', '-c', simple ? `exec ${line}` : line] }
}

/** Waits for all, also after one failed, so that nothing goes on behind an undo; then throws the first failure. */
async function everyOne(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
