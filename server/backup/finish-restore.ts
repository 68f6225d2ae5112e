import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { syncFolder } from '../files.ts'
import { keptFolders, keyFiles, stagingFolder, stateFile, wholeMark } from './contents.ts'

/**
 * Puts what a restore has brought in the place of what a server without apps had, before anything of that is opened; true
 * where there was such a restore. Safe to repeat: a start that is killed in here goes on with the next one.
 */
export function finishRestore(home: string): boolean {
  const staging = stagingFolder(home)
  rmSync(join(home, 'snapshots'), { recursive: true, force: true })
  if (!existsSync(join(staging, wholeMark))) return false
  // Its changes that are not in it yet would be taken for those of the one that comes.
  if (existsSync(join(staging, stateFile)))
    for (const suffix of ['-wal', '-shm']) rmSync(join(home, `${stateFile}${suffix}`), { force: true })
  for (const path of [...keptFolders, 'repositories', ...keyFiles, stateFile]) {
    if (!existsSync(join(staging, path))) continue
    mkdirSync(dirname(join(home, path)), { recursive: true, mode: 0o700 })
    rmSync(join(home, path), { recursive: true, force: true })
    renameSync(join(staging, path), join(home, path))
    syncFolder(dirname(join(home, path)))
  }
  rmSync(staging, { recursive: true, force: true })
  return true
}
