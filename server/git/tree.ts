import { UserError } from '../errors.ts'
import { GitFailure } from './git.ts'
import { listTree, type TreeEntry } from './list-tree.ts'

export type TreeLimits = {
  /** Files and folders. */
  readonly entries: number
  /** Of all files, each as often as it appears. */
  readonly bytes: number
  /** Folders above a file. */
  readonly depth: number
  readonly pathBytes: number
  readonly cpuSeconds: number
}

export const treeLimits: TreeLimits = {
  entries: 100_000,
  bytes: 2 * 1024 ** 3,
  depth: 100,
  pathBytes: 4096,
  cpuSeconds: 60,
}

export type CheckedTree = {
  readonly entries: number
  readonly bytes: number
  /** Path from the root -> size in bytes, of all files and symbolic links. */
  readonly files: ReadonlyMap<string, number>
}

/**
 * Walks the tree of a pushed commit and counts while git lists it, so that a small push cannot unfold into more than
 * the limits. Throws `UserError` with the limit's name, or with the path that would leave its folder, hide in `.git`
 * or appear twice. Plain git takes all of these.
 */
export async function checkTree(
  repository: string,
  commit: string,
  signal?: AbortSignal,
  limits: TreeLimits = treeLimits,
): Promise<CheckedTree> {
  const seen = new Set<string>()
  const files = new Map<string, number>()
  const folders = new Set([''])
  let bytes = 0
  const check = (entry: TreeEntry): void => {
    const path = pathOf(entry, limits)
    const slash = path.lastIndexOf('/')
    // Parents come before their children, and were checked then; a name with a slash in it has none.
    const inFolder = folders.has(path.slice(0, Math.max(0, slash)))
    checkParts(path, inFolder ? [path.slice(slash + 1)] : path.split('/'))
    if (!inFolder) throw refused(`${shown(path)} leaves its folder`, 'Make the commit anew with git')
    checkKind(entry, path)
    // A link and a folder of one name would write outside of the tree.
    if (seen.has(path)) throw refused(`${shown(path)} appears twice`, 'Make the commit anew with git')
    seen.add(path)
    if (entry.type === 'tree') folders.add(path)
    else files.set(path, entry.size)
    if (seen.size > limits.entries) {
      throw refused(
        `The tree has more than ${limits.entries.toLocaleString('en')} files and folders`,
        'Take generated files and dependencies out: git rm -r --cached node_modules, and .gitignore',
      )
    }
    bytes += entry.size
    if (bytes > limits.bytes) {
      throw refused(
        `The files of the tree have more than ${limits.bytes / 1024 ** 3} GiB`,
        'Keep large files elsewhere and fetch them in the build',
      )
    }
  }
  const options = { cpuSeconds: limits.cpuSeconds, ...(signal === undefined ? {} : { signal }) }
  for await (const entries of named(listTree(repository, commit, options), limits)) entries.forEach(check)
  signal?.throwIfAborted()
  return { entries: seen.size, bytes, files }
}

/** Where the kernel ends git at a limit, says which. */
async function* named<Entries>(listed: AsyncIterable<Entries>, limits: TreeLimits): AsyncGenerator<Entries> {
  try {
    yield* listed
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    const next = 'Make the tree smaller'
    if (/out of memory/i.test(error.stderr)) throw refused('The tree needs too much memory', next, error)
    if (error.code !== null) throw error
    throw refused(`The tree needs more than ${limits.cpuSeconds} s of CPU time to be listed`, next, error)
  }
}

function pathOf(entry: TreeEntry, limits: TreeLimits): string {
  if (entry.path.length > limits.pathBytes) {
    throw refused(`A path has more than ${limits.pathBytes} bytes`, 'Shorten it')
  }
  const path = decode(entry.path)
  if (/[\0-\x1f\x7f]/.test(path)) {
    throw refused(`${shown(path)} has a control character in its name`, 'Rename it: git mv')
  }
  if (path.split('/', limits.depth + 2).length - 1 > limits.depth) {
    throw refused(`A file lies more than ${limits.depth} folders deep`, 'Flatten the tree')
  }
  return path
}

function checkParts(path: string, parts: readonly string[]): void {
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw refused(`${shown(path)} leaves its folder`, 'Make the commit anew with git')
  }
  if (parts.some(isDotGit)) throw refused(`${shown(path)} is git's own`, 'git rm --cached it, and push again')
}

function checkKind(entry: TreeEntry, path: string): void {
  if (entry.type === 'commit') {
    throw refused(
      `${shown(path)} is a submodule, and a push does not bring its files`,
      `Put its files into this repository: git rm --cached ${quoted(path)} && rm -rf ${quoted(`${path}/.git`)} && git add ${quoted(path)}`,
    )
  }
  if (!modes.has(entry.mode))
    throw refused(`${shown(path)} has the mode ${entry.mode}`, 'Make the commit anew with git')
}

const modes: ReadonlySet<string> = new Set(['040000', '100644', '100755', '100664', '120000'])

/** Also as file systems of Windows and macOS would read it: a clone of this repository may land there. */
function isDotGit(part: string): boolean {
  if (/^[\w-]+(\.[\w-]+)*$/.test(part)) return false
  const read = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').toLowerCase()
  return read
    .split('\\')
    .some((each) => ['.git', 'git~1', '..'].includes(each.replace(/:.*$/s, '').replace(/[. ]+$/, '') || each))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(path: Buffer): string {
  try {
    return utf8.decode(path)
  } catch (cause) {
    throw refused(`${shown(path.toString('latin1'))} is not UTF-8`, 'Rename it: git mv', cause)
  }
}

function refused(message: string, next: string, cause?: unknown): UserError {
  return new UserError(message, { next, cause })
}

function shown(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}...` : path)
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
