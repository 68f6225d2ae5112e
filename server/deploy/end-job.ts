import { setTimeout as wait } from 'node:timers/promises'
import { exitCode } from '../errors.ts'
import { deleteRef } from '../git/refs.ts'
import { enter } from '../git/visits.ts'
import type { Paas } from '../paas.ts'
import { type DeployRecord, makesApp, type Outcome, type Told } from '../state/journal.ts'
import { discardImages } from './discard-images.ts'
import { finishDestroy } from './finish-destroy.ts'
import { holdForCleanUp } from './hold-for-clean-up.ts'
import { removeHalfLinks } from './remove-links.ts'
import { deployRef, holdRelease, moveDeployBranch, repositoryOf } from './repository.ts'
import { removeContainers } from './start.ts'
import { tellOfDeploy } from './tell-of-deploy.ts'
import { unmakeApp } from './unmake-app.ts'

const longestPauseMs = 30_000

/**
 * Ends the jobs on an app that were left open: by a process that was killed, or because Docker or git failed in
 * their clean-up. What had switched is finished, all else undone; may be repeated. To be called under the app's lock.
 */
export async function endLeftJobs(paas: Paas, appId: string): Promise<void> {
  const left = paas.store.journal.open().filter((job) => job.appId === appId && !paas.jobs.find(job.id))
  for (const job of left) await endJob(paas, job)
}

/** `endLeftJobs` under the app's lock, again and again until it has succeeded. */
export function endLeftJobsInBackground(paas: Paas, appId: string): void {
  const work = async (): Promise<void> => {
    for (let pauseMs = 500; !paas.closing.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        using _lock = await holdForCleanUp(paas, appId)
        return await endLeftJobs(paas, appId)
      } catch (error) {
        paas.log(`What a job left of ${appId} could not be ended yet: ${String(error)}`)
      }
      await wait(pauseMs, undefined, { signal: paas.closing })
    }
  }
  work().catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`What a job left of ${appId} could not be ended: ${String(error)}`)
  })
}

// Each window between two steps, and why a kill there is safe:
// row written, no container yet: removing what is not there succeeds, and the row goes.
// container made, not started or not checked: its row says `starting`, and both go.
// checked, not switched: as before; no route has ever led to it.
// switched, commit not held or branch not moved: the journal names them, and both are safe to repeat.
// branch moved, routes not written: the first publication of every start writes all of them.
// routes written, old containers not stopped: their rows say `retiring`.
// container gone, row still there: as in the first window.
async function endJob(paas: Paas, job: DeployRecord): Promise<void> {
  const what = `${job.kind} of ${job.who} (deploy ${job.id})`
  const app = paas.store.apps.exists(job.appId) ? paas.store.apps.byId(job.appId) : undefined
  if (job.switched) {
    if (job.kind === 'destroy' && app) await finishDestroy(paas, app)
    const release = job.version === null ? undefined : paas.store.releases.find(job.appId, job.version)
    if (release && app) await holdRelease(repositoryOf(paas, app), release)
    if (job.ref && app) {
      const repository = repositoryOf(paas, app)
      await moveDeployBranch(repository, job.ref)
      await deleteRef(repository, { ref: deployRef(job.id), from: job.ref.to })
    }
    if (paas.store.apps.exists(job.appId)) paas.outputs.append(job, '-----> The server finished it later')
    paas.store.journal.end(job.id, 'succeeded', {
      message: job.message ?? 'finished later',
      exitCode: exitCode.done,
    })
    tellOfDeploy(paas, job, 'succeeded', app)
    paas.log(`${what} was finished: it had ended after "${job.step}"`)
    return
  }
  await removeContainers(
    paas,
    paas.store.containers.of(job.appId, 'starting').filter((container) => container.deployId === job.id),
  )
  if (job.kind === 'link') await removeHalfLinks(paas, job.appId)
  await discardImages(paas, job.id)
  if (job.ref && app) {
    // What the push had brought goes with the last visitor: beside another push nothing may be pruned.
    const repository = repositoryOf(paas, app)
    await using visit = await enter(repository)
    await deleteRef(repository, { ref: deployRef(job.id), from: job.ref.to })
    visit.leavesObjects()
  }
  const { outcome, said, told } = endingOf(job)
  if (makesApp(job.kind) && app) {
    await unmakeApp(paas, app, 'paas')
  } else if (app) paas.outputs.append(job, said)
  paas.store.journal.end(job.id, outcome, told)
  tellOfDeploy(paas, job, outcome, app)
  paas.log(`${what} was undone: it had ended after "${job.step}"`)
}

/** Who was there to be told how it ended is not told otherwise later. */
function endingOf({ message, exitCode: code }: DeployRecord): { outcome: Outcome; said: string; told: Told } {
  if (message !== null && code !== null) {
    const outcome = code === exitCode.interrupted ? 'cancelled' : 'failed'
    return { outcome, said: '-----> What it had left is cleaned up', told: { message, exitCode: code } }
  }
  return {
    outcome: 'failed',
    said: ' !     The server ended in the middle; all of it was undone',
    told: { message: 'the server ended in the middle', exitCode: exitCode.failed },
  }
}
