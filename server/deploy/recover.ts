import { PaasError } from '../errors.ts'
import { prune } from '../git/git.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import type { DeployRecord } from '../state/journal.ts'
import { finishDestroy } from './destroy.ts'
import { discardImages } from './discard-images.ts'
import { moveDeployBranch, repositoryOf } from './push.ts'
import { retireInBackground } from './retire.ts'
import { removeContainers } from './start.ts'
import { bringUp } from './supervise.ts'

/**
 * What a start does before it takes commands: every open job ends as old (undone) or new (finished), strays go,
 * what should run runs, and only containers whose identity is proved are routed to. May be repeated.
 * @param left the jobs that an earlier process did not end
 */
export async function recover(paas: Paas, left: readonly DeployRecord[]): Promise<void> {
  await paas.engine.ping()
  for (const job of left) await endJob(paas, job)
  await removeStrays(paas)
  await Promise.all(paas.store.containers.all().map((container) => resume(paas, container)))
  for (const app of paas.store.apps.list().filter((each) => each.destroying)) {
    finishDestroy(paas, app).catch((error: unknown) =>
      paas.log(`${app.name} could not be destroyed whole: ${describe(error)}`),
    )
  }
}

async function endJob(paas: Paas, job: DeployRecord): Promise<void> {
  const what = `${job.kind} of ${job.who} (deploy ${job.id})`
  if (!job.switched) {
    await removeContainers(
      paas,
      paas.store.containers
        .all()
        .filter((container) => container.deployId === job.id && container.state === 'starting'),
    )
    await discardImages(paas, job.id)
    if (job.ref && paas.store.apps.exists(job.appId))
      await prune(repositoryOf(paas, paas.store.apps.byId(job.appId)))
    paas.store.journal.end(job.id, 'failed', 'the server ended in the middle')
    paas.log(`${what} was undone: the server ended after "${job.step}"`)
    return
  }
  if (job.ref && paas.store.apps.exists(job.appId)) {
    const repository = repositoryOf(paas, paas.store.apps.byId(job.appId))
    await moveDeployBranch(repository, job.ref)
  }
  paas.store.journal.end(job.id, 'succeeded', 'finished after a restart of the server')
  paas.log(`${what} was finished: the server ended after "${job.step}"`)
}

/** Containers with our instance's label that no row speaks of: one-offs of a dead session among them. */
async function removeStrays(paas: Paas): Promise<void> {
  const labels = { 'paas.instance': paas.store.instanceId }
  const strays = (await paas.engine.containers.list({ labels, all: true })).filter(
    (each) => !paas.store.containers.find(each.name),
  )
  await Promise.all(strays.map((stray) => paas.engine.containers.remove(stray.name, { force: true })))
  for (const stray of strays) paas.log(`Removed ${stray.name}: nothing in the state store speaks of it`)
}

async function resume(paas: Paas, container: Container): Promise<void> {
  const release = paas.store.releases.find(container.appId, container.version)
  if (container.state === 'retiring') retireInBackground(paas, [container], release?.port ?? 0)
  else if (container.state === 'live' && !container.crashed) {
    await bringUp(paas, container).catch((error: unknown) =>
      paas.log(`${container.name} did not come up: ${describe(error)}`),
    )
  }
}

const describe = (error: unknown): string => (error instanceof PaasError ? error.message : String(error))
