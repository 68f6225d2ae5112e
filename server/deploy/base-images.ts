import { NotFoundError } from '../docker/engine-errors.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'

/**
 * Throws `UserError` where a Dockerfile builds on one of our base images that this server lacks. Docker would ask
 * its registry for it, where a stranger may have taken the name.
 */
export async function refuseMissingBase(paas: Paas, dockerfile: string, signal: AbortSignal): Promise<void> {
  const names = new Set([...dockerfile.matchAll(ours)].flatMap((match) => match[1] ?? []))
  for (const name of names) {
    try {
      await paas.engine.images.inspect(name, { signal })
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      throw new UserError(`The base image ${name} is not on this server`, {
        next: 'Whoever runs the server types there: make base-images',
        cause: error,
      })
    }
  }
}

const ours = /^\s*(?:FROM\s+(?:--\S+\s+)*|COPY\s+(?:--\S+\s+)*--from=)(paas\/[\w./:@-]+)/gim
