import { carriedOf, giveCarried } from '../carried.ts'
import { assertRoom } from '../disk/assert-room.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import type { AppJson } from '../source/app-json.ts'
import type { App } from '../state/apps.ts'
import type { User } from '../state/people.ts'
import type { Release } from '../state/releases.ts'
import { appJsonOf } from './app-json-of.ts'
import { createAppWith } from './create-app.ts'
import { runDeploy } from './deploy.ts'
import { ensureNetwork } from './network.ts'
import { ownImage } from './own-image.ts'
import { provideAppJson } from './provide-app-json.ts'
import { currentRelease, draftRelease, formationFor } from './release.ts'
import { serve } from './serve.ts'
import { runTasksBeforeStart, runTasksBeforeSwitch } from './tasks.ts'

export type CloneRequest = {
  readonly from: App
  readonly name: string
  /** Of the new app. */
  readonly owner: User
  /** False: only its settings, no release. */
  readonly deploy: boolean
  readonly who: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

export type Cloned = {
  readonly app: App
  /** Of its visitors, by their names. */
  readonly passwords: Readonly<Record<string, string>>
}

/**
 * Makes an app of another's image, config vars, quantities, limits, checks, build and router settings. Its domains and databases are its own:
 * what app.json asks for is made anew, secrets too. Where that fails, there is no new app. Throws `UserError` where
 * the name is taken or the other has no release.
 */
export async function clone(paas: Paas, request: CloneRequest): Promise<Cloned> {
  const { from, who, signal } = request
  await assertRoom(paas)
  const release = request.deploy ? currentRelease(paas, from) : undefined
  const appJson =
    from.release === null ? undefined : await appJsonOf(paas, from, currentRelease(paas, from), signal)
  const { app, begun, passwords } = createAppWith(paas, request, (made) => {
    const given = copySettings(paas, { from, to: made, secrets: secretsOf(appJson) })
    const job = { appId: made.id, kind: 'clone', who } as const
    return { app: made, begun: release && paas.store.journal.begin(job), passwords: given }
  })
  if (release) await deployCopy(paas, { ...request, app, begun, release, appJson })
  return { app: paas.store.apps.byId(app.id), passwords }
}

const secretsOf = (appJson: AppJson | undefined): ReadonlySet<string> =>
  new Set(Object.entries(appJson?.env ?? {}).flatMap(([name, { secret }]) => (secret ? [name] : [])))

function copySettings(
  paas: Paas,
  { from, to, secrets }: { from: App; to: App; secrets: ReadonlySet<string> },
): Cloned['passwords'] {
  const config = Object.entries(paas.store.config.of(from.id)).filter(([name]) => !secrets.has(name))
  paas.store.config.replace(to.id, Object.fromEntries(config))
  paas.store.formations.replace(to.id, paas.store.formations.of(from.id))
  paas.store.apps.setPort(to.id, from.port)
  paas.store.apps.setBuilder(to.id, from.builder)
  paas.store.resources.replace(to.id, paas.store.resources.of(from.id))
  return giveCarried(paas.store, to.id, carriedOf(paas.store, from.id))
}

async function deployCopy(
  paas: Paas,
  request: CloneRequest & {
    app: App
    begun: number | undefined
    release: Release
    appJson: AppJson | undefined
  },
): Promise<void> {
  const { from, app, release, appJson } = request
  await runDeploy(paas, { ...request, appId: app.id, kind: 'clone' }, async (deploy) => {
    const wanted = await provideAppJson(deploy, appJson)
    await ensureNetwork(paas, app)
    const next = await draftRelease(paas, deploy.app, {
      image: await ownImage(deploy, release.image),
      // The commit is in the other's repository.
      commit: null,
      config: wanted.config,
      nextLinks: wanted.links,
      processes: release.processes,
      checks: release.checks,
      cron: release.cron,
      formation: formationFor(paas, deploy.app, release.processes),
      description: `Clone of ${from.name} v${release.version}`,
      createdBy: request.who,
    })
    await deploy.step('built')
    await runTasksBeforeStart(deploy, next, appJson?.tasks)
    await serve(deploy, next, {
      record: wanted.record,
      beforeSwitch: () => runTasksBeforeSwitch(deploy, next, appJson?.tasks),
    })
  })
}
