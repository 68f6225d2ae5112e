import { describe, InterruptedError, PaasError } from '../errors.ts'
import { noObject } from '../git/object-name.ts'
import { deleteRef, moveRef } from '../git/refs.ts'
import { enter } from '../git/visits.ts'
import type { Paas } from '../paas.ts'
import { silentProgress } from '../silent-progress.ts'
import { deployPush, type PushRequest } from './push.ts'
import { deployRef, repositoryOf } from './repository.ts'

export type DetachRequest = Omit<PushRequest, 'progress' | 'signal' | 'onOpen'>

/** A deploy under way, and the ref that holds its commit as long. */
export type Detached = { readonly id: number; readonly ref: string }

/**
 * `deployPush` without anybody who waits: returns as soon as the deploy is journalled and its commit held. The branch
 * moves when it serves; why it failed is kept with its output.
 */
export async function detachPush(paas: Paas, push: DetachRequest): Promise<Detached> {
  const { appId, to } = push
  const repository = repositoryOf(paas, paas.store.apps.byId(appId))
  let id = 0
  const deployed = deployPush(paas, {
    ...push,
    progress: silentProgress,
    signal: paas.closing,
    onOpen: (number) => {
      id = number
    },
  })
  // A deploy that could not be journalled has thrown already.
  if (id === 0) await deployed
  const ref = deployRef(id)
  const held = moveRef(repository, { ref, from: noObject, to })
  goOn(paas, { appId, repository, ref, to, deployed, held }).catch((error: unknown) =>
    paas.log(`deploy ${id}: clean-up failed: ${describe(error)}`),
  )
  try {
    await held
  } catch (error) {
    paas.jobs.find(id)?.cancel(new InterruptedError())
    throw error
  }
  return { id, ref }
}

type UnderWay = {
  readonly appId: string
  readonly repository: string
  readonly ref: string
  readonly to: string
  readonly deployed: Promise<void>
  readonly held: Promise<void>
}

/** Lets go of the commit when its deploy has ended; as long, nothing is pruned beside it. */
async function goOn(paas: Paas, { appId, repository, ref, to, ...underWay }: UnderWay): Promise<void> {
  const ended = Promise.allSettled([underWay.deployed, underWay.held])
  await using visit = await enter(repository)
  const [deployed] = await ended
  if (deployed.status === 'rejected') {
    visit.leavesObjects()
    const { reason } = deployed as { reason: unknown }
    if (!(reason instanceof PaasError))
      paas.log(`A detached deploy failed: ${reason instanceof Error ? reason.stack : String(reason)}`)
  }
  if (paas.store.apps.exists(appId)) await deleteRef(repository, { ref, from: to })
}
