import { InterruptedError, UserError } from '../errors.ts'
import type { Deploy } from './deploy.ts'

/**
 * Gets an image that this server lacks from its registry; returns why that went wrong, undefined where it did not.
 * Throws `UserError` for one of our own base images: a registry's, of that name, would be a stranger's.
 */
export async function pullImage({ paas, progress, signal }: Deploy, name: string): Promise<unknown> {
  if (name.startsWith('paas/'))
    throw new UserError(`The base image ${name} is not on this server`, {
      next: 'Whoever runs the server types there: make base-images',
    })
  progress.step(`Pulling ${name}`)
  try {
    await paas.engine.images.pull(name, { signal })
    return undefined
  } catch (error) {
    if (error instanceof InterruptedError) throw error
    return error
  }
}
