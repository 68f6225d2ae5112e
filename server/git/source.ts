import { UserError } from '../errors.ts'
import { finished, GitFailure, git, startGit } from './git.ts'
import { objectName } from './object-name.ts'
import { printable } from './printable.ts'

export type CommitInfo = {
  /** The message's first paragraph on one line. */
  readonly subject: string
  readonly author: string
}

/**
 * A small text file of a commit; undefined where it is not there or is a folder. Throws `UserError` when it is
 * larger than `maxBytes`.
 */
export async function readText(
  repository: string,
  commit: string,
  path: string,
  maxBytes = 256 * 1024,
): Promise<string | undefined> {
  const file = await readFile(repository, { commit, path, maxBytes })
  if (file === undefined) return undefined
  if (!file.whole) {
    throw new UserError(`${path} has more than ${maxBytes} bytes`, { next: `Shorten ${path} and push again` })
  }
  return file.content.toString().replace(/^\ufeff/, '')
}

/** The first bytes of a file of a commit as text; undefined where it is not there or is a folder. */
export async function readTextStart(
  repository: string,
  commit: string,
  path: string,
  maxBytes = 4096,
): Promise<string | undefined> {
  return (await readFile(repository, { commit, path, maxBytes }))?.content.toString().replace(/^\ufeff/, '')
}

/** Who made a commit and what they said, fit for a terminal. */
export async function commitInfo(repository: string, commit: string): Promise<CommitInfo> {
  const out = await git(repository, ['log', '-1', '--format=%an%x00%s', '--end-of-options', commit])
  const [author = '', subject = ''] = out.toString().split('\0')
  return { author: line(author), subject: line(subject) }
}

/** The first bytes of a file in a commit; undefined where there is no such file. */
async function readFile(
  repository: string,
  file: { readonly commit: string; readonly path: string; readonly maxBytes: number },
): Promise<{ readonly content: Buffer; readonly whole: boolean } | undefined> {
  const child = startGit(repository, ['cat-file', 'blob', `${objectName(file.commit)}:${file.path}`])
  child.stdin.end()
  const done = finished(child, 'cat-file')
  done.catch(() => {})
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > file.maxBytes) break
  }
  child.kill('SIGKILL')
  if (length > file.maxBytes) {
    return { content: Buffer.concat(chunks).subarray(0, file.maxBytes), whole: false }
  }
  try {
    await done
  } catch (error) {
    if (error instanceof GitFailure && error.code === 128) return undefined
    throw error
  }
  return { content: Buffer.concat(chunks), whole: true }
}

function line(text: string): string {
  return printable(text)
    .replace(/\x1b\[[0-9;:]*m/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)
}
