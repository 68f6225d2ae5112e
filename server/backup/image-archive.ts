import { createHash } from 'node:crypto'
import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { PaasError, UserError } from '../errors.ts'
import { isObject } from '../source/is-object.ts'
import { extract, type Header, type Pack, pack } from '../tar/tar-stream.ts'

/** What describes an image is no longer than this. */
const mostJsonBytes = 1024 * 1024

const config = /^([0-9a-f]{64}\.json|blobs\/sha256\/[0-9a-f]{64})$/
const layer = /^([0-9a-f]{64}\/layer\.tar|blobs\/sha256\/[0-9a-f]{64})$/
const sameLayer = /^\.\.\/[0-9a-f]{64}\/layer\.tar$/

/**
 * The archive of one image, written anew so that it can only become an image of ours: it has no name, so that it takes
 * none from another, and of labels `paas.*` only `labels`. `imageId` is the id that it will have. Throws `UserError`
 * where it is more than one image or none.
 */
export function ownImageArchive(
  saved: Readable,
  labels: Readonly<Record<string, string>>,
): { readonly archive: Readable; readonly imageId: Promise<string> } {
  const unpacked = extract()
  const packed = pack()
  const archive = new PassThrough()
  const fed = pipeline(saved, unpacked)
  fed.catch(() => {})
  pipeline(packed, archive).catch(() => {})
  const imageId = rewrite(unpacked, packed, labels).catch(async (error: unknown) => {
    const cause = await fed.then(
      () => error,
      (broken: unknown) => (broken instanceof PaasError ? broken : error),
    )
    const told = cause instanceof PaasError ? cause : refused(cause)
    archive.destroy(told)
    throw told
  })
  imageId.catch(() => {})
  archive.on('error', () => {})
  return { archive, imageId }
}

type Entry = AsyncIterable<Buffer> & { readonly header: Header; resume(): void }

async function rewrite(
  unpacked: AsyncIterable<unknown>,
  packed: Pack,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const configs = new Map<string, Record<string, unknown>>()
  let manifest: unknown
  for await (const entry of unpacked as AsyncIterable<Entry>) {
    const { name, type, size = 0, linkname = '' } = entry.header
    if (type === 'file' && size <= mostJsonBytes && (config.test(name) || name === 'manifest.json')) {
      const bytes = Buffer.from(await buffer(entry))
      const found = parsed(bytes)
      if (name === 'manifest.json') manifest = found
      else if (isObject(found) && isObject(found.rootfs) && isObject(found.config)) configs.set(name, found)
      else await write(packed, { name, size: bytes.length }, [bytes])
    } else if (type === 'file' && layer.test(name)) await write(packed, { name, size }, entry)
    else if (type === 'symlink' && layer.test(name) && sameLayer.test(linkname)) {
      packed.entry({ name, type, linkname })
      entry.resume()
    } else entry.resume()
  }
  const [image, ...others] = Array.isArray(manifest) ? (manifest as unknown[]) : []
  const { Config: place, Layers: layers } = isObject(image) ? image : {}
  const described = typeof place === 'string' ? configs.get(place) : undefined
  const named = Array.isArray(layers) && layers.every((each) => typeof each === 'string' && layer.test(each))
  if (!described || others.length > 0 || !named) throw refused()
  const own = Buffer.from(JSON.stringify(withLabels(described, labels)))
  await write(packed, { name: 'config.json', size: own.length }, [own])
  const list = Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: layers }]))
  await write(packed, { name: 'manifest.json', size: list.length }, [list])
  packed.finalize()
  return `sha256:${createHash('sha256').update(own).digest('hex')}`
}

async function write(
  packed: Pack,
  header: { readonly name: string; readonly size: number },
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const done = (error?: Error | null): void => (error ? reject(error) : resolve())
  // An entry without bytes must be given none, or it never ends.
  if (header.size === 0) packed.entry(header, Buffer.alloc(0), done)
  else await pipeline(content, packed.entry(header, done))
  await promise
}

function withLabels(
  described: Record<string, unknown>,
  labels: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const inner = described.config as Record<string, unknown>
  const theirs = isObject(inner.Labels) ? Object.entries(inner.Labels) : []
  const kept = theirs.filter(([name]) => !name.startsWith('paas.'))
  const { container_config: _, ...rest } = described
  return { ...rest, config: { ...inner, Labels: { ...Object.fromEntries(kept), ...labels } } }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

const refused = (cause?: unknown): UserError =>
  new UserError('The archive is refused: its image is not one that Docker saved', {
    next: 'Take one that apps:export wrote, as it came: ssh paas apps:export blog > blog.tar',
    cause,
  })
