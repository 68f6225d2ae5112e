import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs'
import { UserError } from './errors.ts'

export type Owner = { readonly uid: number; readonly gid: number }

/**
 * Makes sure that `folder`, where anybody may make folders (`/dev/shm`), is there for `owner` alone. Throws
 * `UserError` where somebody else has made it before us.
 */
export function ensureMemoryFolder(folder: string, owner: Owner): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
    chownSync(folder, owner.uid, owner.gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = lstatSync(folder)
  const isOurs = found.uid === owner.uid || found.uid === process.getuid?.()
  if (!found.isDirectory() || !isOurs)
    throw new UserError(`${folder} belongs to somebody else`, { next: `As root: rm -r ${folder}` })
  chownSync(folder, owner.uid, owner.gid)
  chmodSync(folder, 0o700)
}
