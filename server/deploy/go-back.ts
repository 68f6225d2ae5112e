import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { silentProgress } from '../silent-progress.ts'
import type { Container } from '../state/containers.ts'
import { runDeploy } from './deploy.ts'
import { formationFor } from './release.ts'
import { serveAgain } from './serve-again.ts'

const trialMs = 60_000

/** Apps that are going back at this moment. */
const underWay = new Set<string>()

/**
 * Whether `container`'s release is on trial: it serves since less than a minute before `at`, in place of an earlier
 * one, and did not itself come by going back (two releases that both die must not take turns for ever).
 */
export function isOnTrial(paas: Paas, container: Container, at: Date): boolean {
  if (!paas.store.apps.exists(container.appId)) return false
  const app = paas.store.apps.byId(container.appId)
  if (app.release !== container.version || app.stopped || app.destroying) return false
  const deploy = paas.store.journal.thatReleased(app.id, container.version)
  if (!deploy?.switchedAt || deploy.kind === 'go-back') return false
  return at.getTime() - Date.parse(deploy.switchedAt) <= trialMs && previousOf(paas, container) !== undefined
}

/** Whether nothing of the container's release serves: of `web` where it has one, else of all its processes. */
export function isDead(paas: Paas, { appId, version }: Container): boolean {
  const live = paas.store.containers.of(appId, 'live').filter((each) => each.version === version)
  const web = live.filter(({ process }) => process === 'web')
  const serving = web.length > 0 ? web : live
  return serving.length > 0 && !serving.some(({ name }) => paas.proved.has(name))
}

/**
 * Swaps the release before the container's in again, as a new release, journalled and under the app's lock. Where
 * somebody deploys meanwhile, theirs counts. `reason` is how it died: `web.1 exited with code 1`.
 */
export function goBackInBackground(paas: Paas, container: Container, reason: string): void {
  if (underWay.has(container.appId)) return
  underWay.add(container.appId)
  goBack(paas, container, reason)
    .catch((error: unknown) => {
      if (paas.closing.aborted) return
      const message = `v${container.version} died (${reason}), and going back failed: ${describe(error)}`
      record(paas, container, { type: 'going-back-failed', message, reason })
      paas.log(`${container.name}: ${message}`)
    })
    .finally(() => underWay.delete(container.appId))
}

async function goBack(paas: Paas, container: Container, reason: string): Promise<void> {
  const { appId, version } = container
  record(paas, container, { type: 'release-died', message: `v${version} died: ${reason}`, reason })
  const request = {
    appId,
    kind: 'go-back',
    who: 'paas',
    progress: silentProgress,
    signal: paas.closing,
  } as const
  await runDeploy(paas, request, async (deploy) => {
    const { app } = deploy
    const target = previousOf(paas, container)
    if (app.release !== version || app.stopped || !target) return
    paas.store.journal.explain(deploy.id, {
      message: `v${version} died within a minute of its swap (${reason}); v${target.version} serves again`,
      next: 'Correct the app and push again',
      lastLines: paas.store.containers.find(container.name)?.lastEnd?.lastLines ?? [],
    })
    const release = await serveAgain(deploy, target, {
      formation: formationFor(paas, app, target.processes),
      description: `Back to v${target.version}: v${version} died`,
      record: () => paas.store.releases.setDied(appId, version),
    })
    const message = `v${version} died (${reason}): back to v${target.version}, which serves as v${release.version}`
    record(paas, container, { type: 'release-went-back', message, reason, to: target.version })
    paas.log(`${app.name}: ${message}`)
  })
}

/** The release that served before: the newest serves, since versions are given at the switch. */
const previousOf = (paas: Paas, { appId, version }: Container) =>
  paas.store.releases.list(appId, 2).find((release) => release.version < version)

function record(
  paas: Paas,
  { appId, version }: Container,
  happened: { type: string; message: string; reason: string; to?: number },
): void {
  const app = paas.store.apps.exists(appId) ? paas.store.apps.byId(appId) : undefined
  const { type, message, reason, to } = happened
  paas.events.record({
    type,
    app: app && { id: app.id, name: app.name },
    who: 'paas',
    message: `${app?.name ?? appId}: ${message}`,
    facts: { from: `v${version}`, ...(to === undefined ? {} : { to: `v${to}` }), reason },
  })
}
