import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes what a server that was killed has left of backups that it was making. To be called before it makes any. */
export async function removeHalfBackups(home: string): Promise<void> {
  const folder = join(home, 'backups')
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names.filter((each) => each.endsWith('.part'))) await rm(join(folder, name))
}
