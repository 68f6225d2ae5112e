import { limitBuilds } from '../brakes/limit-builds.ts'
import type { BuildOptions } from '../docker/build.ts'
import { isLocalDocker } from '../settings.ts'
import type { Deploy } from './deploy.ts'
import { discardImages } from './discard-images.ts'
import { imageLabels } from './image-labels.ts'
import { imageTag } from './release.ts'
import { trimBuildCacheInBackground } from './trim-build-cache.ts'

/**
 * Builds an image of the deploy's app, with our labels and a tag that nobody can guess; it is discarded if the
 * deploy is undone, also where the build fails or is cancelled. Returns its id.
 */
export async function buildAppImage(
  deploy: Deploy,
  build: Pick<BuildOptions, 'context' | 'dockerfile' | 'buildArgs' | 'onLine'>,
): Promise<string> {
  const { paas, app, signal } = deploy
  paas.secrets.remember(app.id, build.buildArgs ?? {})
  // A build that fails fills the cache too.
  deploy.onUndo(async () => trimBuildCacheInBackground(paas))
  deploy.onUndo(() => discardImages(paas, deploy.id), { laterToo: true })
  const unlimited = isLocalDocker(paas.settings.dockerHost) ? limitBuilds() : undefined
  if (unlimited) paas.log(`A build of ${app.name} has no limits: ${unlimited.saw}. See: doctor`)
  const { imageId } = await paas.engine.build({
    ...build,
    hide: (text) => paas.secrets.hide(app.id, text),
    labels: imageLabels(deploy),
    tag: imageTag(paas, app),
    signal,
  })
  return imageId
}
