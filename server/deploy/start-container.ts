import type { CallOptions } from '../docker/client.ts'
import { MountRefusedError, RefusedError } from '../docker/engine-errors.ts'
import { AppError } from '../errors.ts'
import type { Paas } from '../paas.ts'

/**
 * Starts a container that was created. Throws `AppError` where the image does not have what it is to run, or has
 * something else where a file or a volume is to be.
 * @param place as people name it: `web.1`
 */
export async function startContainer(
  paas: Pick<Paas, 'engine'>,
  { name, place }: { readonly name: string; readonly place: string },
  options: CallOptions = {},
): Promise<void> {
  try {
    await paas.engine.containers.start(name, options)
  } catch (error) {
    if (error instanceof MountRefusedError)
      throw new AppError(
        `${place}: nothing can be mounted at ${error.path}: the image has something else there`,
        {
          next: 'Choose another place for the file or volume; they are listed by: config, storage',
          cause: error,
        },
      )
    if (!(error instanceof RefusedError)) throw error
    throw new AppError(`${place}: ${error.message}`, {
      next: 'Correct the command in the Dockerfile or Procfile and push again',
      cause: error,
    })
  }
}
