import { NotFoundError } from '../docker/engine-errors.ts'
import type { Image } from '../docker/images.ts'
import type { Paas } from '../paas.ts'

/** The image of this name; undefined: this server does not have it. */
export async function findImage(paas: Paas, name: string, signal: AbortSignal): Promise<Image | undefined> {
  try {
    return await paas.engine.images.inspect(name, { signal })
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
