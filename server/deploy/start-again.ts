import { availableParallelism } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import { checkContainers } from '../checks/check-containers.ts'
import { containerEnd } from '../checks/container-end.ts'
import { placeOf } from '../checks/subject.ts'
import { AppError, describe, UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { firstHost } from '../routing.ts'
import { silentProgress } from '../silent-progress.ts'
import type { App } from '../state/apps.ts'
import type { Container, ContainerEnd } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'
import { goBackInBackground, isDead, isOnTrial } from './go-back.ts'
import { ensureLinkNetworks, linkEnds } from './link-network.ts'
import { ensureNetwork } from './network.ts'
import { publishInBackground } from './publish-in-background.ts'
import { hostnameOf, isIn } from './sandboxes.ts'
import { removeContainers, specOf } from './start.ts'
import { tellOfProcess } from './tell-of-process.ts'

/** After a boot all containers are to be started; more at once are not there sooner, and leave no CPU to whoever types a command. */
const inTurn = pLimit(4 * availableParallelism())
const mostRestarts = 10
const steadyAfterMs = 60_000
const longestPauseMs = 30_000
/** How long a release that serves nothing may take to come back, from when its container runs again. */
const patienceMs = 2_000

/**
 * Starts a live container that does not run, and again with a growing pause where it fails; routes it once it
 * answers. After ten starts in a row without a steady minute it is marked as crashed and stays down. A release that
 * dies within a minute of its swap goes back instead.
 * @param ended how it did, or in what words to say it where Docker does not know
 */
export function startAgainInBackground(paas: Paas, container: Container, ended: ContainerEnd | string): void {
  startAgain(paas, container, ended).catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`${container.name}: ${describe(error)}`)
  })
}

async function startAgain(paas: Paas, container: Container, ended: ContainerEnd | string): Promise<void> {
  const { name, appId } = container
  const end = typeof ended === 'string' ? await inTurn(() => endOf(paas, container, ended)) : ended
  keepEnd(paas, container, end)
  if (ranMs(end) >= steadyAfterMs) paas.store.containers.setRestarts(name, 0)
  const trial = isOnTrial(paas, container, new Date(end.at))
  let last = end.how
  const goBackIfDead = (): void => {
    if (trial && isDead(paas, container)) goBackInBackground(paas, container, `${placeOf(container)} ${last}`)
  }
  // One that had come up again and ended once more will not stay.
  if ((paas.store.containers.find(name)?.restarts ?? 0) > 0) goBackIfDead()
  for (;;) {
    const now = paas.store.containers.find(name)
    if (now?.state !== 'live' || paas.closing.aborted) return
    if (now.restarts >= mostRestarts) return giveUp(paas, now, last)
    await wait(Math.min(100 * 2 ** now.restarts, longestPauseMs), undefined, { signal: paas.closing })
    if (paas.store.containers.find(name)?.state !== 'live') return
    paas.store.containers.setRestarts(name, now.restarts + 1)
    const patience = new AbortController()
    try {
      await bringUp(paas, now, () => afterPatience(goBackIfDead, patience.signal))
      publishInBackground(paas, appId)
      return tellOfProcess(paas, now, {
        type: 'process-restarted',
        what: `runs again after ${now.restarts + 1} starts in a row`,
      })
    } catch (error) {
      if (paas.closing.aborted) return
      paas.log(`${name} did not come up: ${describe(error)}`)
      // That Docker does not answer is no crash of the app.
      if (error instanceof UnavailableError) {
        paas.store.containers.setRestarts(name, now.restarts)
        await wait(1_000, undefined, { signal: paas.closing })
        continue
      }
      last = describe(error).replace(`${placeOf(container)} `, '')
      keepEnd(paas, now, failedStart(error, last))
      goBackIfDead()
    } finally {
      patience.abort()
    }
  }
}

/** Makes sure that `container` runs and answers; then it is proved. Throws where it does not come up. */
async function bringUp(paas: Paas, container: Container, onStarted: () => void): Promise<void> {
  const app = paas.store.apps.byId(container.appId)
  const release = paas.store.releases.find(app.id, container.version)
  if (!release) throw new Error(`release v${container.version} is gone`)
  await ensureNetwork(paas, app)
  await ensureLinkNetworks(paas, app.id)
  await inTurn(() => startInSandbox(paas, app, release, container))
  // A deploy or `destroy` may have retired it meanwhile, and removed it before we made it again.
  if (!paas.store.containers.find(container.name)) return await removeContainers(paas, [container])
  onStarted()
  await checkContainers(paas, [container], {
    release,
    host: firstHost(paas, app),
    progress: silentProgress,
    signal: paas.closing,
  })
  if (paas.store.containers.find(container.name)?.state === 'live') paas.proved.add(container.name)
}

/** One that runs where its sandbox does not is out of the network for good: it is started again, in the sandbox. */
async function startInSandbox(paas: Paas, app: App, release: Release, container: Container): Promise<void> {
  const { containers } = paas.engine
  const labels = { 'paas.app-id': app.id, 'paas.instance': paas.store.instanceId }
  const all = await containers.list({ labels, all: true })
  const found = all.find((each) => each.name === container.name)
  const sandbox = all.find((each) => each.name === container.sandbox)
  const joined = found !== undefined && sandbox !== undefined && isIn(sandbox, found)
  if (joined && found.state === 'running' && sandbox.state === 'running') return
  if (found && !joined) await containers.remove(found.name, { force: true })
  else if (found?.state === 'running') await containers.kill(found.name)
  if (container.sandbox !== container.name) {
    const { process, number, version, address } = container
    const hostname = hostnameOf({ process, number }, version)
    const ends = linkEnds(paas, { appId: app.id, process, named: release.appLinks })
    await paas.sandboxes.start(app, { name: container.sandbox, address, hostname, ends })
  }
  // What memory held is gone with the boot before.
  paas.configFiles.provide(release)
  if (!joined)
    await paas.appLogs.collect(container, await containers.create(specOf(paas, app, release, container)))
  await containers.start(container.name)
}

async function endOf(paas: Paas, { name }: Container, how: string): Promise<ContainerEnd> {
  const unseen = { startedAt: null, at: now(), how, code: null, oomKilled: false, lastLines: [] }
  return await containerEnd(paas, name).catch(() => unseen)
}

const failedStart = (error: unknown, how: string): ContainerEnd => ({
  startedAt: null,
  at: now(),
  how,
  code: null,
  oomKilled: /out of memory/.test(how),
  lastLines: error instanceof AppError ? error.lastLines : [],
})

const now = (): string => new Date().toISOString()
const ranMs = (end: ContainerEnd): number => Date.parse(end.at) - Date.parse(end.startedAt ?? '')

function afterPatience(work: () => void, signal: AbortSignal): void {
  wait(patienceMs, undefined, { signal }).then(work, () => {})
}

function giveUp(paas: Paas, container: Container, last: string): void {
  paas.store.containers.setCrashed(container.name, `${last}, ${mostRestarts} times in a row`)
  tellOfProcess(paas, container, {
    type: 'process-given-up',
    what: `ended ${mostRestarts} times in a row and is not started again`,
  })
}

function keepEnd(paas: Paas, container: Container, end: ContainerEnd): void {
  paas.store.containers.setLastEnd(container.name, end)
  tellOfProcess(paas, container, {
    type: 'process-crashed',
    what: end.how,
    facts: { exitCode: end.code, outOfMemory: end.oomKilled },
  })
}
