import { assertRoom } from '../disk/assert-room.ts'
import type { Image } from '../docker/images.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release, StoredRelease } from '../state/releases.ts'
import { appJsonOf } from './app-json-of.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { findImage } from './find-image.ts'
import { imageFiles } from './image-files.ts'
import { imageGone } from './image-gone.ts'
import { ownImage } from './own-image.ts'
import { prepareSandboxes } from './prepare-sandboxes.ts'
import { provideAppJson } from './provide-app-json.ts'
import { pullImage } from './pull-image.ts'
import { type Built, releaseBuilt } from './release-built.ts'

/** An image by its full name, or that of a release of an app that the person may change. */
export type ImageAsked =
  | { readonly name: string; readonly pull: boolean }
  | { readonly of: App; readonly release: StoredRelease }

/**
 * An image that is made already becomes the app's next release, without a build: it is had, made the app's own,
 * started, checked and swapped in as a pushed one is.
 */
export async function deployImage(
  paas: Paas,
  request: Omit<DeployRequest, 'kind'> & { readonly image: ImageAsked },
): Promise<Release> {
  return runDeploy(paas, { ...request, kind: 'image' }, async (deploy) => {
    await assertRoom(paas)
    prepareSandboxes(paas, deploy.app)
    const { image, ...found } =
      'of' in request.image ? await ofRelease(deploy, request.image) : await byName(deploy, request.image)
    const wanted = await provideAppJson(deploy, found.appJson)
    const own = await ownImage(deploy, image)
    await deploy.step('built')
    return await releaseBuilt(deploy, { ...found, image: own, commit: null, wanted })
  })
}

type Found = Pick<Built, 'image' | 'processes' | 'checks' | 'appJson' | 'description'>

async function ofRelease(
  { paas, progress, signal }: Deploy,
  { of, release }: { readonly of: App; readonly release: StoredRelease },
): Promise<Found> {
  const what = `${of.name} v${release.version}`
  if (release.imageGone) throw imageGone(of, release)
  progress.step(`Taking the image of ${what}`)
  return {
    image: release.image,
    processes: release.processes,
    checks: release.checks,
    appJson: await appJsonOf(paas, of, release, signal),
    description: `Image of ${what}`,
  }
}

async function byName(deploy: Deploy, asked: { name: string; pull: boolean }): Promise<Found> {
  const { paas, app, progress, signal } = deploy
  const { name } = asked
  const image = await provideImage(deploy, asked)
  const pinned = image.digests.map((each) => each.replace(/^.*@/, ''))[0] ?? image.id
  progress.step(`Taking ${name}, ${pinned.slice(0, 19)}`)
  const { procfile, appJson, checks, notes } = await imageFiles(paas, app, image, signal)
  for (const note of notes) progress.detail(note)
  return {
    image: image.id,
    processes: procfile,
    checks,
    appJson,
    description: `Image ${name}, ${pinned.slice(0, 19)}`,
  }
}

/** The image of this name; pulled where it is not here, or where that is asked for. */
async function provideImage(
  deploy: Deploy,
  { name, pull }: { readonly name: string; readonly pull: boolean },
): Promise<Image> {
  const { paas, signal } = deploy
  const here = await findImage(paas, name, signal)
  // What an app was built to is its own, under any name: a release of it says which app's rights count.
  if (here && Object.keys(here.labels).some((label) => label === 'paas.app-id'))
    throw new UserError(`${name} is the image of an app`, { next: 'Name its release: git:from-image APP@v3' })
  if (here && !pull) return here
  const failure = await pullImage(deploy, name)
  if (failure !== undefined) throw notPulled(name, here !== undefined, failure)
  return await paas.engine.images.inspect(name, { signal })
}

function notPulled(name: string, isHere: boolean, cause: unknown): UserError {
  const words = (cause instanceof Error ? cause.message : String(cause)).replace(/^Pulling \S+ failed: /i, '')
  return new UserError(`${name} cannot be pulled: ${words}`, {
    next: isHere
      ? 'The one that is on this server, by its name: without --pull'
      : 'See whether name and tag are right and its registry answers; or push the source: git push paas:APP main',
    cause,
  })
}
