import { rename, writeFile } from 'node:fs/promises'

/** Puts `text` into `path` so that a reader sees the old content or the new, never a part. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`
  await writeFile(draft, text, { mode: 0o640 })
  await rename(draft, path)
}
