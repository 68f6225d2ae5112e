import { buildContext } from '../build/context.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { UserError } from '../errors.ts'
import { archive, isAncestor } from '../git/commits.ts'
import { noObject } from '../git/object-name.ts'
import { resolve } from '../git/refs.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import type { Source } from '../source/source.ts'
import { textsIn, type Variables } from '../state/config.ts'
import { provideBaseImages } from './base-images.ts'
import { buildAppImage } from './build-app-image.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { mergedConfig } from './merged-config.ts'
import { prepareSandboxes } from './prepare-sandboxes.ts'
import { provideAppJson } from './provide-app-json.ts'
import { type Built, releaseBuilt } from './release-built.ts'
import { moveDeployBranch, repositoryOf } from './repository.ts'
import { sourceOf } from './source-of.ts'
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
      throw new UserError(`${app.name} has no deployed commit`, {
        next: `git push paas:${app.name} main; of an image: git:from-image ${app.name} IMAGE`,
      })
    await release(deploy, repository, { commit })
  })
}

type Pushed = Partial<Pick<Built, 'record' | 'afterSwitch'>> & { readonly commit: string }

/** From a commit to what serves: tree, context, build; then release and swap. */
async function release(deploy: Deploy, repository: string, pushed: Pushed): Promise<void> {
  const { paas, progress } = deploy
  await assertRoom(paas)
  prepareSandboxes(paas, deploy.app)
  const source = await sourceOf(paas, deploy.app, pushed.commit, deploy.signal)
  progress.step(`Building ${deploy.app.name} from ${pushed.commit.slice(0, 8)} with ${source.how}`)
  for (const note of source.notes) progress.detail(note)
  await provideBaseImages(deploy, {
    dockerfile: source.dockerfileText,
    config: textsIn(mergedConfig(paas, deploy.app.id)),
  })
  const wanted = await provideAppJson(deploy, source.appJson)
  const config = textsIn({ ...paas.store.sharedConfig.all(), ...wanted.config })
  const image = await buildImage(deploy, repository, source, config)
  await deploy.step('built')

  const { processes, checks, appJson } = source
  const description = `Deploy ${pushed.commit.slice(0, 8)}`
  await releaseBuilt(deploy, { ...pushed, image, wanted, processes, checks, appJson, description })
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
  config: Variables,
): Promise<string> {
  const { progress, signal } = deploy
  const onWait = (before: number): void =>
    progress.detail(`Waiting for its turn to be built; builds before it: ${before}`)
  using _turn = await deploy.paas.buildTurns.hold({ signal, onWait })
  const tree = archive(repository, source.tree, signal)
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
    onLine: (line) => progress.detail(line),
  })
  await tree.done
  return imageId
}
