import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { exitOf, finished, GitFailure, startGit } from './git.ts'
import { noObject } from './object-name.ts'

/** A file of a tree to be made; its content is read before the next one is asked for. */
export type ImportedFile = { readonly path: string } & (
  | { readonly content: AsyncIterable<Buffer>; readonly bytes: number; readonly executable: boolean }
  | { readonly link: string }
  /** The path of one that came before. */
  | { readonly copyOf: string }
)

export type ImportOptions = {
  readonly who: string
  /** One line. */
  readonly message: string
  readonly signal: AbortSignal
}

/**
 * Writes files into a repository as the tree of a commit that no ref reaches, and returns that commit. None of them
 * touches the disk as a file. Of one that fails objects are left behind: to be called within a visit.
 */
export async function importFiles(
  repository: string,
  files: AsyncIterable<ImportedFile>,
  options: ImportOptions,
): Promise<string> {
  const child = startGit(repository, ['fast-import', '--quiet', '--done'], {
    cpuSeconds: 600,
    dataBytes: 512 * 1024 * 1024,
  })
  const ended = finished(child, 'fast-import')
  ended.catch(() => {})
  const said = text(child.stdout)
  const killed = (): void => void child.kill('SIGKILL')
  try {
    // Killed before its input ends: git would write a report of that into the repository.
    await pipeline(Readable.from(commands(files, options, killed)), child.stdin, { signal: options.signal })
    await ended
  } catch (error) {
    killed()
    await exitOf(child).catch(() => {})
    options.signal.throwIfAborted()
    const failure = await ended.catch((thrown: unknown) => thrown)
    throw failure instanceof GitFailure && failure.code !== null ? failure : error
  }
  const commit = (await said).trim()
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new Error(`git fast-import says "${commit}"`)
  return commit
}

const ref = 'refs/paas/import'

async function* commands(
  files: AsyncIterable<ImportedFile>,
  { who, message, signal }: ImportOptions,
  onFailure: () => void,
): AsyncGenerator<Buffer> {
  try {
    const now = Math.floor(Date.now() / 1000)
    yield* said(`commit ${ref}\nmark :1\ncommitter ${who} <${who}@localhost> ${now} +0000\n`)
    yield* data(message)
    for await (const file of files) {
      signal.throwIfAborted()
      const path = quoted(file.path)
      if ('copyOf' in file) yield* said(`C ${quoted(file.copyOf)} ${path}\n`)
      else if ('link' in file) {
        yield* said(`M 120000 inline ${path}\n`)
        yield* data(file.link)
      } else {
        yield* said(`M ${file.executable ? '100755' : '100644'} inline ${path}\ndata ${file.bytes}\n`)
        yield* file.content
        yield* said('\n')
      }
    }
    // The ref goes again at git's end: the commit is its caller's to hold.
    yield* said(`\nget-mark :1\nreset ${ref}\nfrom ${noObject}\n\ndone\n`)
  } catch (error) {
    onFailure()
    throw error
  }
}

function* said(line: string): Generator<Buffer> {
  yield Buffer.from(line)
}

function* data(value: string): Generator<Buffer> {
  const bytes = Buffer.from(value)
  yield Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')])
}

const quoted = (path: string): string =>
  `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
