import type { ContainerSummary } from '../docker/containers.ts'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import { isKeptRun, resumeRuns } from './detached-runs.ts'
import { endLeftJobs, endLeftJobsInBackground } from './end-job.ts'
import { removeLinksUnused } from './remove-links.ts'
import { retireInBackground } from './retire.ts'
import { isIn } from './sandboxes.ts'
import { removeContainers } from './start.ts'
import { startAgainInBackground } from './start-again.ts'
import { forgottenImages, removeUnlessUsed } from './trim-images.ts'

const pingDeadlineMs = 5_000

/**
 * What a start does before routes are published: every open job ends as old (undone) or new (finished), strays go,
 * what should run is started, and only containers whose identity is proved are routed to. Throws where Docker does
 * not answer; may be repeated.
 * @param startedAt of this process: what is younger is its own
 */
export async function recover(paas: Paas, startedAt: Date): Promise<void> {
  await paas.engine.ping({ deadlineMs: pingDeadlineMs })
  await endJobs(paas)
  const labels = { 'paas.instance': paas.store.instanceId }
  const found = await paas.engine.containers.list({ labels, all: true })
  await removeStrays(paas, found, startedAt)
  await removeStrayImages(paas)
  for (const { appId } of paas.store.appLinks.all()) await removeLinksUnused(paas, appId)
  const byName = new Map(found.map((each) => [each.name, each]))
  for (const container of paas.store.containers.all()) await resume(paas, container, byName)
  await resumeRuns(paas)
}

/** A job that cannot be ended now (its app is going, and routes are not published yet) keeps nobody waiting. */
async function endJobs(paas: Paas): Promise<void> {
  const open = paas.store.journal.open()
  for (const appId of new Set(open.map((job) => job.appId))) {
    // Whoever holds the app has ended them, or could not.
    if (paas.locks.holder(appId)) continue
    if (isGoing(paas, appId)) {
      endLeftJobsInBackground(paas, appId)
      continue
    }
    await endLeftJobs(paas, appId).catch((error: unknown) => {
      paas.log(`What a job left of ${appId} could not be ended: ${describe(error)}`)
      endLeftJobsInBackground(paas, appId)
    })
  }
}

/** Whether the end of its open jobs takes the app away: a destroy, or a clone that had not switched. */
function isGoing(paas: Paas, appId: string): boolean {
  if (!paas.store.apps.exists(appId)) return false
  const left = paas.store.journal.open().filter((job) => job.appId === appId && !paas.jobs.find(job.id))
  return paas.store.apps.byId(appId).destroying || left.some((job) => job.kind === 'clone' && !job.switched)
}

/** Containers with our instance's label that no row speaks of: one-offs of a dead session among them. */
async function removeStrays(paas: Paas, found: readonly ContainerSummary[], startedAt: Date): Promise<void> {
  const strays = found.filter(
    (container) =>
      !paas.store.containers.find(container.name) &&
      !paas.store.containers.inSandbox(container.name) &&
      !isKeptRun(paas, container) &&
      new Date(container.createdAt) < startedAt,
  )
  await Promise.all(strays.map((stray) => paas.engine.containers.remove(stray.name, { force: true })))
  for (const stray of strays) paas.log(`Removed ${stray.name}: nothing in the state store speaks of it`)
}

/** A build goes on for a moment after the server that asked for it was killed; one no longer kept may still be there. */
async function removeStrayImages(paas: Paas): Promise<void> {
  for (const image of await forgottenImages(paas)) {
    await removeUnlessUsed(paas, image.id).catch((error: unknown) =>
      paas.log(`The left-over image ${image.id} could not be removed: ${describe(error)}`),
    )
  }
}

async function resume(
  paas: Paas,
  container: Container,
  found: ReadonlyMap<string, ContainerSummary>,
): Promise<void> {
  const release = paas.store.releases.find(container.appId, container.version)
  if (container.state === 'starting') {
    const isOpen = paas.store.journal.open().some((job) => job.id === container.deployId)
    if (!isOpen) await removeContainers(paas, [container])
  } else if (container.state === 'retiring') retireInBackground(paas, [container], release?.port ?? 0)
  else if (isSame(container, found)) paas.proved.add(container.name)
  else if (!container.crashed) startAgainInBackground(paas, container, 'did not run when the server started')
}

/** It runs in its network, and is what the row means: it was checked before its row became live. */
function isSame(container: Container, all: ReadonlyMap<string, ContainerSummary>): boolean {
  const found = all.get(container.name)
  const sandbox = all.get(container.sandbox)
  return (
    found?.state === 'running' &&
    found.labels['paas.app-id'] === container.appId &&
    found.labels['paas.release'] === `v${container.version}` &&
    sandbox?.state === 'running' &&
    isIn(sandbox, found) &&
    sandbox.address === container.address
  )
}
