import type { Paas } from '../paas.ts'
import type { AppJson } from '../source/app-json.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'
import { imageFiles } from './image-files.ts'
import { sourceOf } from './source-of.ts'

/** The app.json that a release came with: of its commit, else of its image's working directory. */
export async function appJsonOf(
  paas: Paas,
  app: App,
  { commit, image }: Pick<Release, 'commit' | 'image'>,
  signal: AbortSignal,
): Promise<AppJson | undefined> {
  if (commit !== null) return (await sourceOf(paas, app, commit, signal)).appJson
  return (await imageFiles(paas, app, await paas.engine.images.inspect(image, { signal }), signal)).appJson
}
