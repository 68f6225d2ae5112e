import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PaasError, UserError } from '../errors.ts'
import { ArchiveEnd } from '../storage/archive-end.ts'
import { extract, type Header } from '../tar/tar-stream.ts'

/** One of an archive's files; its content is to be read before the next one comes. */
export type ArchiveFile = { readonly path: string } & (
  | { readonly content: AsyncIterable<Buffer>; readonly bytes: number; readonly executable: boolean }
  | { readonly link: string }
  | { readonly copyOf: string }
)

export type ArchiveLimits = {
  /** Files and folders. */
  readonly entries: number
  /** Of all files. */
  readonly bytes: number
}

/**
 * The files of a tar or tar.gz, as they come. Throws `UserError` beyond the limits, at a path or link that leaves the
 * archive, and where it is broken, cut off or of another kind. A `.git` folder is left out.
 */
export async function* readArchive(
  source: AsyncIterable<Buffer>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchiveFile> {
  const unpacked = extract()
  const end = new ArchiveEnd()
  const fed = pipeline(Readable.from(tarOf(source)), end, unpacked)
  fed.catch(() => {})
  const files = new Set<string>()
  let entries = 0
  let bytes = 0
  try {
    for await (const entry of unpacked) {
      const { header } = entry
      entries += 1
      bytes += header.size ?? 0
      if (entries > limits.entries)
        throw refused(`It has more than ${limits.entries.toLocaleString('en')} files and folders`)
      if (bytes > limits.bytes) throw refused(`Its files have more than ${limits.bytes / 1024 ** 3} GiB`)
      const path = pathOf(header)
      if (path !== undefined) {
        yield fileOf(header, path, contentOf(entry as AsyncIterable<Buffer>, fed), files)
        files.add(path)
      }
      entry.resume()
    }
    await fed
  } catch (error) {
    // What broke the way there says more than what the reader saw of it.
    throw [error, await fed.catch((thrown: unknown) => thrown)].find(isOurs) ?? broken(error)
  }
  if (!end.isWhole) throw refused('It ends too early')
}

async function* contentOf(entry: AsyncIterable<Buffer>, fed: Promise<void>): AsyncGenerator<Buffer> {
  try {
    yield* entry
  } catch (error) {
    throw [error, await fed.catch((thrown: unknown) => thrown)].find(isOurs) ?? broken(error)
  }
}

const isOurs = (error: unknown): boolean => error instanceof PaasError

/** Tells by its first bytes how it is packed. */
async function* tarOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  while (start.length < 6) {
    const next = await chunks.next()
    if (next.done) break
    start = Buffer.concat([start, next.value])
  }
  if (start.length === 0) throw refused('There is nothing in it')
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield start
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  const bytes = start.toString('latin1')
  if (!bytes.startsWith('\x1f\x8b')) {
    const kind = Object.keys(otherKinds).find((each) => bytes.startsWith(each))
    if (kind !== undefined) throw refused(`It is ${otherKinds[kind]}, which is not read here`)
    return yield* rest()
  }
  const gunzip = createGunzip()
  pipeline(Readable.from(rest()), gunzip).catch(() => {})
  yield* gunzip as AsyncIterable<Buffer>
}

const otherKinds: Readonly<Record<string, string>> = {
  'PK\x03\x04': 'a zip file',
  'PK\x05\x06': 'a zip file',
  '\xfd7zXZ': 'packed with xz',
  BZh: 'packed with bzip2',
  '\x28\xb5\x2f\xfd': 'packed with zstd',
  "7z\xbc\xaf'": 'a 7z file',
  'Rar!': 'a rar file',
}

/** undefined: a folder, or git's own. Throws where it leaves the archive. */
function pathOf({ name, type }: Header): string | undefined {
  const path = name.replace(/^(\.\/+)+/, '').replace(/\/+$/, '')
  const parts = path.split('/')
  if (type === 'directory' || path === '.' || parts.includes('.git')) return undefined
  if (name.startsWith('/') || parts.some((part) => ['', '.', '..'].includes(part)))
    throw refused(`${shown(name)} leaves it`)
  return path
}

function fileOf(
  header: Header,
  path: string,
  content: AsyncIterable<Buffer>,
  files: ReadonlySet<string>,
): ArchiveFile {
  const { type, size = 0, mode = 0, linkname } = header
  if (type === 'file' || type === 'contiguous-file')
    return { path, content, bytes: size, executable: (mode & 0o100) !== 0 }
  if (type === 'symlink' && staysInside(path, linkname ?? '')) return { path, link: linkname ?? '' }
  if (type === 'symlink') throw refused(`The link ${shown(path)} leaves it`)
  const target = (linkname ?? '').replace(/^(\.\/+)+/, '')
  if (type === 'link' && files.has(target)) return { path, copyOf: target }
  if (type === 'link')
    throw refused(`${shown(path)} is a link to ${shown(target)}, which is not in it before`)
  throw refused(`${shown(path)} is a ${type}`)
}

/** Whether a link at `path` leads to within its tree. `..` behind a name could be the way out of what another link leads to. */
export function staysInside(path: string, target: string): boolean {
  const [, up = '', down = ''] = /^((?:\.\.(?:\/+|$))*)(.*)$/s.exec(target) ?? []
  const levels = up.split('/').filter((part) => part === '..').length
  return (
    target !== '' &&
    !target.startsWith('/') &&
    !down.split('/').includes('..') &&
    levels < path.split('/').length
  )
}

const broken = (cause: unknown): UserError =>
  new UserError('The archive cannot be read: it is no tar or tar.gz, or is cut off or broken', {
    next,
    cause,
  })

const refused = (why: string): UserError => new UserError(`The archive is refused: ${why}`, { next })

const next = 'Make it with: git archive HEAD, or: tar -czf - --exclude-vcs .'

const shown = (path: string): string => JSON.stringify(path.slice(0, 200))
