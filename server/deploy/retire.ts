import { setTimeout as wait } from 'node:timers/promises'
import { NotFoundError } from '../docker/engine-errors.ts'
import { type Socket, socketsOf } from '../docker/sockets.ts'
import { describe, UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import { linkEnds, targetAddress } from './link-network.ts'
import { removeContainers } from './start.ts'

const defaultDrainLimitMs = 60_000
const stopGraceMs = 30_000
const longestPauseMs = 30_000

/**
 * Lets what is in flight on `containers` finish (60 s at most, or what `checks:set wait-to-retire` says, from when no
 * router sends requests there any more; what linked apps have open there as well), then stops and removes them, as often as it takes. Works without the app's lock: the rows in state `retiring` are
 * its journal, and a start after a crash goes on from there.
 */
export function retireInBackground(paas: Paas, containers: readonly Container[], port: number): void {
  for (const container of containers) {
    retire(paas, container, port).catch((error: unknown) => {
      if (!paas.closing.aborted) paas.log(`${container.name} could not be retired: ${describe(error)}`)
    })
  }
}

async function retire(paas: Paas, container: Container, port: number): Promise<void> {
  if (container.process === 'web')
    await Promise.all([
      drained(paas, container.appId, `http://${container.address}:${port}`),
      linksDrained(paas, container),
    ])
  for (let pauseMs = 500; !paas.closing.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await stop(paas, container)
      return await removeContainers(paas, [container])
    } catch (error) {
      paas.log(`${container.name} could not be retired yet: ${describe(error)}`)
    }
    await wait(pauseMs, undefined, { signal: paas.closing })
  }
}

/** Time counts only once the routers have left: as long as Redis or a router is down, requests may still come. */
async function drained(paas: Paas, appId: string, url: string): Promise<void> {
  const drainLimitMs = drainLimitOf(paas, appId)
  let deadline = Number.POSITIVE_INFINITY
  while (!paas.closing.aborted && Date.now() < deadline) {
    const counts = await countsOf(paas, url)
    if (counts?.has(url) === false) return
    if (counts) deadline = Math.min(deadline, Date.now() + drainLimitMs)
    await wait(200)
  }
}

const drainLimitOf = (paas: Paas, appId: string): number =>
  paas.store.checkSettings.of(appId).waitToRetireMs ?? defaultDrainLimitMs

/** The walls pass nothing new on to it any more. */
async function linksDrained(paas: Paas, { name, appId, process, address }: Container): Promise<void> {
  const { to } = linkEnds(paas, { appId, process, named: [] })
  const own = new Set(to.map(({ subnet }) => targetAddress(subnet, address)))
  const deadline = Date.now() + drainLimitOf(paas, appId)
  while (own.size > 0 && !paas.closing.aborted && Date.now() < deadline) {
    const open = await connectionsOf(paas, name)
    if (!open?.some((socket) => own.has(socket.address))) return
    await wait(200)
  }
}

/** undefined where it has ended, or nobody can tell. */
async function connectionsOf(paas: Paas, name: string): Promise<readonly Socket[] | undefined> {
  try {
    return await socketsOf(await paas.engine.containers.inspect(name), 'connected')
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof UnavailableError) return undefined
    throw error
  }
}

async function countsOf(paas: Paas, url: string): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    return await paas.routes.draining([url])
  } catch (error) {
    if (error instanceof UnavailableError) return undefined
    throw error
  }
}

async function stop(paas: Paas, container: Container): Promise<void> {
  try {
    await paas.engine.containers.stop(container.name, { graceMs: stopGraceMs })
  } catch (error) {
    // It was removed before its row was.
    if (!(error instanceof NotFoundError)) throw error
  }
}
