import { PaasError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import { ensureBaseImages } from './base-images.ts'
import { say } from './say.ts'

/** Makes what buildpacks build on. Where that fails it is said: a server without them takes every push that brings its own base. */
export async function offerBaseImages({ dockerHost }: Pick<Settings, 'dockerHost'>): Promise<void> {
  try {
    await ensureBaseImages(dockerHost)
  } catch (error) {
    if (!(error instanceof PaasError)) throw error
    say.trouble(
      `${error.message}\nPushes without a Dockerfile have to wait. ${error.next ?? ''}\nThen: make base-images`,
    )
  }
}
