import { statfs } from 'node:fs/promises'
import type { Engine } from '../docker/engine.ts'
import { UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { isLocalDocker } from '../settings.ts'

export type FreeSpace = {
  /** What lies there: `Docker` or `PAAS_HOME`. */
  readonly what: string
  readonly path: string
  readonly freeBytes: number
  readonly totalBytes: number
}

/** The disks that the server fills: Docker's, where that is on this machine, and its own folder's. */
export async function freeSpace(paas: Pick<Paas, 'settings' | 'engine'>): Promise<readonly FreeSpace[]> {
  const { dockerHost, home } = paas.settings
  const docker = isLocalDocker(dockerHost) ? await dockerPlace(paas.engine) : []
  const places = [...docker, { what: 'PAAS_HOME', path: home }]
  const found = await Promise.all(places.map(async (place) => ({ ...place, ...(await freeAt(place.path)) })))
  return found.flatMap(({ freeBytes, totalBytes, ...place }) =>
    freeBytes === undefined || totalBytes === undefined ? [] : [{ ...place, freeBytes, totalBytes }],
  )
}

const deadlineMs = 5_000

/** Nothing while Docker is down: whoever needs it will be told so, and a branch can be stored all the same. */
async function dockerPlace(engine: Engine): Promise<readonly { what: string; path: string }[]> {
  try {
    return [{ what: 'Docker', path: await engine.disk.root({ deadlineMs }) }]
  } catch (error) {
    if (error instanceof UnavailableError) return []
    throw error
  }
}

/** The first disk with less free than the floor; undefined: there is room, or no floor. */
export async function fullDisk(paas: Pick<Paas, 'settings' | 'engine'>): Promise<FreeSpace | undefined> {
  const { diskFloorBytes } = paas.settings
  if (diskFloorBytes === 0) return undefined
  return (await freeSpace(paas)).find(({ freeBytes }) => freeBytes < diskFloorBytes)
}

/** Nothing where the path is not this process's to see: the engine is in another mount namespace. */
async function freeAt(path: string): Promise<{ freeBytes?: number; totalBytes?: number }> {
  try {
    const { bavail, blocks, bsize } = await statfs(path)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
