import type { Usage } from './docker/usage.ts'
import type { Paas } from './paas.ts'

/**
 * What a running container uses: as the kernel of this machine counts it, or, where the engine is elsewhere, in two
 * looks of Docker's, which take it two seconds. Throws as calls to Docker do.
 */
export async function usageOf(
  { brakes, engine }: Pick<Paas, 'brakes' | 'engine'>,
  name: string,
  signal: AbortSignal,
): Promise<Usage> {
  return brakes.usage(name) ?? (await engine.containers.usage(name, { signal }))
}
