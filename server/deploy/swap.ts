import { checkContainers, endedError } from '../checks/check-containers.ts'
import type { Paas } from '../paas.ts'
import { firstHost } from '../routing.ts'
import type { Container } from '../state/containers.ts'
import type { Formation, Release } from '../state/releases.ts'
import type { ResourcesOfApp } from '../state/resources.ts'
import type { Mount } from '../state/storage.ts'
import type { Deploy } from './deploy.ts'
import { joinLinks } from './link-apps.ts'
import { sourceName } from './mounts.ts'
import { prepareSandboxesSoon } from './prepare-sandboxes.ts'
import { retireInBackground } from './retire.ts'
import type { Place } from './sandboxes.ts'
import { startContainers } from './start.ts'

export type Change = {
  /** What is to run afterwards. */
  readonly release: Release
  readonly formation: Formation
  /** Which containers of this release are replaced although they run already; default none. */
  readonly replace?: (container: Container) => boolean
  /** Done when all that is new runs and is checked; what it throws undoes the change. */
  readonly beforeSwitch?: () => Promise<void>
  /** What the new containers mount; default: as it stands in the store. */
  readonly mounts?: readonly Mount[]
  /** What they may use; default: as it stands in the store. */
  readonly resources?: ResourcesOfApp
  /** Told to the store in the transaction of the switch: the new release, config, formation. */
  readonly record: () => void
  /** Done right after the switch, while the routes are published: keeps the release's commit. Safe to repeat. */
  readonly hold?: () => Promise<void>
  /** Done right after the switch, while the routes are published: the git ref. Must be safe to repeat. */
  readonly afterSwitch?: () => Promise<void>
}

/**
 * The one way in which what runs changes: start what is missing, check it, switch, route, and retire what is
 * surplus once its requests have ended. Containers that stay are not touched.
 */
export async function swap(deploy: Deploy, change: Change): Promise<void> {
  const { paas, app } = deploy
  const live = paas.store.containers.of(app.id, 'live')
  const { missing, surplus } = difference(change, live)
  sayShared(deploy, missing, surplus)
  const started = await startMissing(deploy, change, missing)
  await joinLinks(paas, app.id, started)
  await change.beforeSwitch?.()

  await paas.routes.assertReady(deploy.signal)
  await assertStillRun(paas, started)
  await deploy.switch(() => {
    change.record()
    paas.store.containers.setState(names(started), 'live')
    paas.store.containers.setState(names(surplus), 'retiring')
  })

  const routed = deploy.finish('Routes could not be updated', () => paas.routes.publish(app.id))
  const linked = deploy.finish('Links could not be updated', () => paas.walls.raise())
  const held = change.hold ? deploy.finish('The commit could not be held', change.hold) : true
  if (change.afterSwitch) {
    const moved = await deploy.finish('The branch could not be moved', change.afterSwitch)
    if (!moved) deploy.leaveOpen()
    await deploy.step('ref-moved')
  }
  if (!(await held)) deploy.leaveOpen()
  await routed
  await linked
  await deploy.step('routed')
  retireSurplus(deploy, surplus)
  prepareSandboxesSoon(paas, app.id)
}

/** Files outlive the swap: what the new containers do to them, the old ones see, also if the deploy is undone. */
function sayShared(
  { paas, app, progress }: Deploy,
  starts: readonly Place[],
  ends: readonly Container[],
): void {
  const overlap = starts.filter(({ process }) => ends.some((container) => container.process === process))
  const shared = paas.store.storage
    .mountsOf(app.id)
    .filter((mount) => overlap.some(({ process }) => mount.process === null || mount.process === process))
  if (shared.length === 0) return
  const names = [...new Set(shared.map(sourceName))]
  progress.detail(`Old and new containers share the files of ${names.join(', ')}`)
}

async function startMissing(
  deploy: Deploy,
  { release, mounts, resources }: Change,
  missing: readonly Place[],
): Promise<readonly Container[]> {
  if (missing.length === 0) return []
  const { paas, app, progress, signal } = deploy
  progress.step(`Starting ${counted(missing)}`)
  const started = await startContainers(deploy, { release, places: missing, mounts, resources })
  await deploy.step('started')
  const host = firstHost(paas, app)
  await checkContainers(paas, started, { release, host, progress, signal })
  for (const { name } of started) paas.proved.add(name)
  await deploy.step('checked')
  return started
}

/** One that ended between its check and the switch is no longer proved; from the switch on it is started again. */
async function assertStillRun(paas: Paas, started: readonly Container[]): Promise<void> {
  const ended = started.find((container) => !paas.proved.has(container.name))
  if (ended) throw await endedError(paas, ended, 'right after its check')
}

/** A surplus container's port is its own release's, which may not be the new one's. */
function retireSurplus(deploy: Deploy, surplus: readonly Container[]): void {
  const { paas, app } = deploy
  for (const container of surplus) {
    const port = paas.store.releases.find(app.id, container.version)?.port ?? 0
    retireInBackground(paas, [container], port)
  }
}

function difference(
  change: Change,
  live: readonly Container[],
): { missing: readonly Place[]; surplus: readonly Container[] } {
  const wanted = Object.entries(change.formation)
    .filter(([process]) => process in change.release.processes)
    .flatMap(([process, quantity]) =>
      Array.from({ length: quantity }, (_, index) => ({ process, number: index + 1 })),
    )
  const stays = (container: Container): boolean =>
    !change.replace?.(container) &&
    container.version === change.release.version &&
    container.crashed === null &&
    wanted.some((place) => place.process === container.process && place.number === container.number)
  const staying = live.filter(stays)
  const missing = wanted.filter(
    (place) =>
      !staying.some((container) => container.process === place.process && container.number === place.number),
  )
  return { missing, surplus: live.filter((container) => !staying.includes(container)) }
}

const names = (containers: readonly Container[]): readonly string[] =>
  containers.map((container) => container.name)

function counted(places: readonly Place[]): string {
  const counts = new Map<string, number>()
  for (const { process } of places) counts.set(process, (counts.get(process) ?? 0) + 1)
  return [...counts].map(([process, count]) => (count === 1 ? process : `${process} x ${count}`)).join(', ')
}
