import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { git } from './git.ts'

/** Makes an empty bare repository whose HEAD is main. Whole or not at all; fails when `path` exists. */
export async function createRepository(path: string): Promise<void> {
  const half = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    await git('/', ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '--', half])
    await rename(half, path)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}
