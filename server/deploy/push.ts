import { buildContext } from '../build/context.ts'
import { UserError } from '../errors.ts'
import { archive, moveRef, resolve } from '../git/git.ts'
import { checkTree } from '../git/tree.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import { appUrls } from '../routing.ts'
import { readSource, type Source } from '../source/source.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { ensureNetwork } from './network.ts'
import { draftRelease, formationFor, imageTag, installRelease } from './release.ts'
import { repositoryOf } from './repository.ts'
import { swap } from './swap.ts'

export type PushRequest = {
  readonly appId: string
  /** Full name: `refs/heads/main` */
  readonly ref: string
  /** Where the pusher saw it, and where it is to go; 40 hexadecimal digits, zeros: did not exist. */
  readonly from: string
  readonly to: string
  readonly who: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * The way of a push, from the received commit to the page: lock, tree, context, build, release, start, check,
 * switch, ref, routes; draining goes on behind it. Throws with the old release serving and the ref where it was,
 * or returns when every router serves the new one.
 */
export async function deployPush(paas: Paas, push: PushRequest): Promise<void> {
  await runDeploy(paas, { ...push, kind: 'push' }, async (deploy) => {
    const repository = repositoryOf(paas, deploy.app)
    await assertUnmoved(repository, push)
    paas.store.journal.setRef(deploy.id, { name: push.ref, from: push.from, to: push.to })
    await deploy.step('received')

    await release(deploy, repository, {
      commit: push.to,
      record: () => {
        const branch = push.ref.replace('refs/heads/', '')
        if (deploy.app.deployBranch === null) paas.store.apps.setDeployBranch(push.appId, branch)
      },
      afterSwitch: () => moveRef(repository, { ref: push.ref, from: push.from, to: push.to }),
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
    await release(deploy, repository, { commit, record: () => {} })
  })
}

type Built = {
  readonly commit: string
  /** Part of the switch's transaction. */
  readonly record: () => void
  readonly afterSwitch?: () => Promise<void>
}

/** From a commit to what serves: tree, context, build, release, swap. */
async function release(deploy: Deploy, repository: string, built: Built): Promise<void> {
  const { paas, progress } = deploy
  await checkTree(repository, built.commit, deploy.signal)
  const source = await readSource(repository, built.commit)
  progress.step(`Building ${deploy.app.name} from ${built.commit.slice(0, 8)} with its Dockerfile`)
  const image = await buildBesideNetwork(deploy, repository, source)
  await deploy.step('built')

  const { app } = deploy
  const processes = source.procfile ?? { web: null }
  const formation = formationFor(paas, app, processes, source.appJson?.formation)
  const next = await draftRelease(paas, app, {
    image,
    commit: built.commit,
    config: paas.store.config.of(app.id),
    processes,
    formation,
    description: `Deploy ${built.commit.slice(0, 8)}`,
    createdBy: deploy.request.who,
  })
  paas.store.journal.setVersion(deploy.id, next.version)
  await deploy.step('released')

  await swap(deploy, {
    ...built,
    release: next,
    formation: app.stopped ? {} : formation,
    record: () => {
      installRelease(paas, next)
      built.record()
    },
  })
  sayDeployed(deploy, next.version)
}

/** Another push may have come first while this one waited for the app. */
async function assertUnmoved(repository: string, push: PushRequest): Promise<void> {
  const now = (await resolve(repository, push.ref)) ?? '0'.repeat(40)
  if (now === push.from) return
  throw new UserError('Somebody else pushed to this branch first', { next: 'git pull, then push again' })
}

/** Waits for both, also when one has failed: nothing may go on behind the undo. */
async function buildBesideNetwork(deploy: Deploy, repository: string, source: Source): Promise<string> {
  const network = ensureNetwork(deploy.paas, deploy.app)
  const [built] = await Promise.allSettled([buildImage(deploy, repository, source), network])
  if (built.status === 'rejected') throw built.reason
  await network
  return built.value
}

async function buildImage(deploy: Deploy, repository: string, source: Source): Promise<string> {
  const { paas, app, progress, signal } = deploy
  const config = paas.store.config.of(app.id)
  const tree = archive(repository, source.commit, signal)
  const context = buildContext({
    archive: tree.stream,
    ...(source.dockerignore === undefined ? {} : { dockerignore: source.dockerignore }),
  })
  const { imageId } = await paas.engine.build({
    context,
    dockerfile: source.dockerfile,
    buildArgs: Object.fromEntries(
      source.buildArgs.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])),
    ),
    labels: {
      'paas.instance': paas.store.instanceId,
      'paas.app': app.name,
      'paas.app-id': app.id,
      'paas.deploy': String(deploy.id),
    },
    tag: imageTag(paas, app),
    onLine: (line) => progress.detail(line),
    signal,
  })
  await tree.done
  deploy.onUndo(() => removeUnlessReleased(paas, imageId))
  return imageId
}

/** A build from cache may give the very image of an older release. */
async function removeUnlessReleased(paas: Paas, imageId: string): Promise<void> {
  if (!paas.store.releases.images().has(imageId)) await paas.engine.images.remove(imageId)
}

function sayDeployed(deploy: Deploy, version: number): void {
  const { paas, app, progress } = deploy
  if (app.stopped) progress.step(`v${version} is stored; ${app.name} is stopped: ps:start ${app.name}`)
  else progress.step(`v${version} serves`)
  progress.heading('Application deployed:')
  for (const url of appUrls(paas, app)) progress.detail(url)
}
