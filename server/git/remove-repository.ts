import { rm } from 'node:fs/promises'
import { removalsDone } from './visits.ts'

/** Removes a repository once nothing prunes it any more; done where there is none. */
export async function removeRepository(path: string): Promise<void> {
  await removalsDone(path)
  await rm(path, { recursive: true, force: true })
}
