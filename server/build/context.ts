import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Extract, extract, type Header, type Pack, pack } from '../tar/tar-stream.ts'
import { dockerignore } from './dockerignore.ts'

/** What a build's context is made from. */
export type ContextOptions = {
  /** A tar, as `git archive` writes it. */
  readonly archive: Readable
  /** The text of the `.dockerignore`. */
  readonly dockerignore?: string | undefined
  /** Files of ours, such as a buildpack's Dockerfile; they replace the archive's of the same path. */
  readonly add?: readonly { readonly path: string; readonly content: string | Buffer }[] | undefined
  /** Paths that stay whatever `.dockerignore` says, besides `Dockerfile` and `.dockerignore`. */
  readonly keep?: readonly string[] | undefined
}

/**
 * The build context as a tar: what `.dockerignore` leaves of the archive, and the added files. Only folders, files
 * and symbolic links pass. The archive itself where nothing is to be done. Read at the reader's pace; an error or
 * the end of either side ends the other.
 */
export function buildContext(options: ContextOptions): Readable {
  const { archive, add = [] } = options
  if (options.dockerignore === undefined && add.length === 0) return archive
  const isLeftOut = leftOut(options)
  const unpacked = extract()
  const packed = pack()
  const context = new PassThrough()
  const ends = [
    pipeline(archive, unpacked),
    pipeline(packed, context),
    repack(unpacked, packed, { isLeftOut, add }),
  ]
  // The first failure ends all; the reader sees it as the context's error.
  Promise.all(ends).catch((error: Error) => {
    for (const stream of [archive, unpacked, packed]) stream.destroy()
    context.destroy(error)
  })
  context.on('error', ignore)
  return context
}

function leftOut(options: ContextOptions): (path: string) => boolean {
  const kept = new Set(['Dockerfile', '.dockerignore', ...(options.keep ?? [])])
  const replaced = new Set((options.add ?? []).map(({ path }) => path))
  const isIgnored = dockerignore(options.dockerignore ?? '')
  return (path) => replaced.has(path) || (!kept.has(path) && isIgnored(path))
}

async function repack(
  unpacked: Extract,
  packed: Pack,
  options: { isLeftOut: (path: string) => boolean; add: NonNullable<ContextOptions['add']> },
): Promise<void> {
  for (const { path, content } of options.add) {
    packed.entry({ name: path, mode: 0o644, mtime: new Date(0) }, Buffer.from(content))
  }
  for await (const entry of unpacked) {
    const { header } = entry
    const path = header.name.replace(/^\.\//, '').replace(/\/$/, '')
    if (!passes(header) || options.isLeftOut(path)) entry.resume()
    else await copy(entry, packed)
  }
  packed.finalize()
}

const passes = ({ type }: Header): boolean =>
  type === 'file' || type === 'contiguous-file' || type === 'symlink' || type === 'directory'

type Entry = Awaited<ReturnType<ReturnType<Extract[typeof Symbol.asyncIterator]>['next']>>['value']

async function copy(entry: Entry, packed: Pack): Promise<void> {
  const { name, mode, mtime, type, linkname, size } = entry.header
  const header = { name, mode, mtime, type, ...(linkname ? { linkname } : {}) }
  if (type === 'symlink' || type === 'directory' || size === 0) {
    entry.resume()
    // An entry without bytes must be given none, or it never ends.
    const written = Promise.withResolvers<void>()
    const done = (error?: Error | null): void => (error ? written.reject(error) : written.resolve())
    if (type === 'symlink' || type === 'directory') packed.entry(header, done)
    else packed.entry(header, Buffer.alloc(0), done)
    await written.promise
    return
  }
  const to = packed.entry({ ...header, size })
  to.on('error', ignore)
  for await (const chunk of entry) {
    if (!to.write(chunk)) await once(to, 'drain')
  }
  to.end(null)
}

const ignore = (): void => {}
