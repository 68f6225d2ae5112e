import { PaasError } from '../server/errors.ts'
import { ensureBaseImages } from './base-images.ts'
import { up } from './bring-up.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

await runEntry(async () => {
  const { settings } = await up()
  try {
    await ensureBaseImages(settings.dockerHost)
  } catch (error) {
    // A server without them takes every push that brings its own base.
    if (!(error instanceof PaasError)) throw error
    say.trouble(
      `${error.message}\nPushes without a Dockerfile have to wait. ${error.next ?? ''}\nThen: make base-images`,
    )
  }
})
