import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes that everything at `path` takes on the disk; 0 where there is nothing. What goes meanwhile counts nothing. */
export async function folderSize(path: string): Promise<number> {
  const found = await unlessGone(lstat(path))
  if (!found) return 0
  const own = found.blocks * 512
  if (!found.isDirectory()) return own
  const names = (await unlessGone(readdir(path))) ?? []
  let total = own
  // One after another: thousands of open folders help nobody.
  for (const name of names) total += await folderSize(join(path, name))
  return total
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(String((error as NodeJS.ErrnoException).code)))
      return undefined
    throw error
  }
}
