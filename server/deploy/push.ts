import { buildContext } from '../build/context.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { UserError } from '../errors.ts'
import { archive, isAncestor, noObject, resolve } from '../git/git.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import { appUrls } from '../routing.ts'
import type { Source } from '../source/source.ts'
import type { ConfigVars } from '../state/config.ts'
import type { Release } from '../state/releases.ts'
import { provideBaseImages } from './base-images.ts'
import { buildAppImage } from './build-app-image.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { prepareSandboxes } from './prepare-sandboxes.ts'
import { provideAppJson } from './provide-app-json.ts'
import { draftRelease, formationFor } from './release.ts'
import { moveDeployBranch, repositoryOf } from './repository.ts'
import { serve } from './serve.ts'
import { sourceOf } from './source-of.ts'
import { runTasksBeforeStart, runTasksBeforeSwitch } from './tasks.ts'
import { trimBuildCacheInBackground } from './trim-build-cache.ts'

export type PushRequest = {
  readonly appId: string
  /** Full name: `refs/heads/main` */
  readonly ref: string
  /** Where the pusher saw it, and where it is to go; 40 hexadecimal digits, zeros: did not exist. */
  readonly from: string
  readonly to: string
  readonly who: string
  readonly key?: string
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Told the deploy's number at once, within the call. */
  readonly onOpen?: (id: number) => void
}

/**
 * The way of a push, from the received commit to the page: lock, tree, context, build, release, start, check,
 * switch, ref, routes; draining goes on behind it. Throws with the old release serving and the ref where it was,
 * or returns when every router serves the new one.
 */
export async function deployPush(paas: Paas, push: PushRequest): Promise<void> {
  const ref = { name: push.ref, from: push.from, to: push.to }
  await runDeploy(paas, { ...push, ref, kind: 'push' }, async (deploy) => {
    const repository = repositoryOf(paas, deploy.app)
    if (deploy.app.onDisconnect === 'detach')
      deploy.progress.detail(
        `Ctrl-C or a lost connection leave it running; deploys:cancel ${deploy.id} ends it`,
      )
    const from = await branchTip(repository, push)
    if (from === push.to) {
      deploy.progress.step(`${push.to.slice(0, 8)} is deployed already`)
      return
    }
    paas.store.journal.setRef(deploy.id, { ...ref, from })
    await deploy.step('received')

    await release(deploy, repository, {
      commit: push.to,
      record: () => {
        const branch = push.ref.replace('refs/heads/', '')
        if (deploy.app.deployBranch === null) paas.store.apps.setDeployBranch(push.appId, branch)
      },
      afterSwitch: () => moveDeployBranch(repository, { ...ref, from }),
    })
  })
}

/** Builds the commit that the deploy branch stands at once more and releases it, as a push of it would. */
export async function rebuild(paas: Paas, request: Omit<DeployRequest, 'kind'>): Promise<void> {
  await runDeploy(paas, { ...request, kind: 'push' }, async (deploy) => {
    const { app } = deploy
    const repository = repositoryOf(paas, app)
    const commit =
      app.deployBranch === null ? undefined : await resolve(repository, `refs/heads/${app.deployBranch}`)
    if (!commit)
      throw new UserError(`${app.name} has no deployed commit`, { next: `git push paas:${app.name} main` })
    await release(deploy, repository, { commit })
  })
}

type Built = {
  readonly commit: string
  /** Part of the switch's transaction. */
  readonly record?: () => void
  readonly afterSwitch?: () => Promise<void>
}

/** From a commit to what serves: tree, context, build, release, swap. */
async function release(deploy: Deploy, repository: string, built: Built): Promise<void> {
  const { paas, progress } = deploy
  await assertRoom(paas)
  prepareSandboxes(paas, deploy.app)
  const source = await sourceOf(paas, deploy.app, built.commit, deploy.signal)
  progress.step(`Building ${deploy.app.name} from ${built.commit.slice(0, 8)} with ${source.how}`)
  for (const note of source.notes) progress.detail(note)
  await provideBaseImages(deploy, {
    dockerfile: source.dockerfileText,
    config: paas.store.config.of(deploy.app.id),
  })
  const wanted = await provideAppJson(deploy, source.appJson)
  const image = await buildImage(deploy, repository, source, wanted.config)
  await deploy.step('built')

  const { app } = deploy
  const processes = source.processes
  const formation = formationFor(paas, app, processes, source.appJson?.formation)
  const next = await draftRelease(paas, app, {
    image,
    commit: built.commit,
    config: wanted.config,
    nextLinks: wanted.links,
    processes,
    checks: source.checks,
    formation,
    description: `Deploy ${built.commit.slice(0, 8)}`,
    createdBy: deploy.request.who,
  })
  const tasks = source.appJson?.tasks
  await runTasksBeforeStart(deploy, next, tasks)
  await serve(deploy, next, {
    ...built,
    beforeSwitch: () => runTasksBeforeSwitch(deploy, next, tasks),
    record: () => {
      wanted.record()
      built.record?.()
    },
  })
  sayDeployed(deploy, next)
  trimBuildCacheInBackground(paas)
}

/**
 * Where the branch stands now: another push may have come first while this one waited for the app. Throws
 * `UserError` where this one does not contain it.
 */
async function branchTip(repository: string, push: PushRequest): Promise<string> {
  const now = (await resolve(repository, push.ref)) ?? noObject
  if (now === push.from) return now
  if (now !== noObject && (await isAncestor(repository, { ancestor: now, descendant: push.to }))) return now
  throw new UserError('Somebody else pushed to this branch first', { next: 'git pull, then push again' })
}

async function buildImage(
  deploy: Deploy,
  repository: string,
  source: Source,
  config: ConfigVars,
): Promise<string> {
  const tree = archive(repository, source.tree, deploy.signal)
  const context = buildContext({
    archive: tree.stream,
    add: source.added,
    keep: [source.dockerfile],
    ...(source.dockerignore === undefined ? {} : { dockerignore: source.dockerignore }),
  })
  const imageId = await buildAppImage(deploy, {
    context,
    dockerfile: source.dockerfile,
    buildArgs: Object.fromEntries(
      source.buildArgs.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])),
    ),
    onLine: (line) => deploy.progress.detail(line),
  })
  await tree.done
  return imageId
}

function sayDeployed(deploy: Deploy, { version, formation }: Release): void {
  const { paas, app, progress } = deploy
  const runs = Object.keys(formation).filter((process) => (formation[process] ?? 0) > 0)
  const first = Object.keys(formation)[0] ?? 'web'
  if (app.stopped) progress.step(`v${version} is stored; ${app.name} is stopped: ps:start ${app.name}`)
  else if (runs.includes('web')) progress.step(`v${version} serves`)
  else if (runs.length > 0) progress.step(`v${version} runs: ${runs.join(', ')}; without web it has no page`)
  else progress.step(`v${version} is live, but nothing runs: ps:scale ${app.name} ${first}=1`)
  progress.heading('Application deployed:')
  for (const url of runs.includes('web') ? appUrls(paas, app) : []) progress.detail(url)
}
