import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InterruptedError, PaasError, UserError } from '../errors.ts'
import { extract, type Header } from '../tar/tar-stream.ts'

/** What `ArchiveWriter` wrote under one name; its content is to be read before the next one comes. */
export type Item = { readonly name: string; readonly content: AsyncIterable<Buffer> }

type Entry = AsyncIterable<Buffer> & { readonly header: Header }

/** The name under which the last item stands: an archive without it has been cut off. */
export const endName = 'end'

/**
 * The items of an archive, in their order, pieces put together; `end` is not among them. Throws `UserError` at a name
 * that leads elsewhere, at anything but files, and where it is cut off or broken.
 */
export async function* readItems(source: Readable, signal: AbortSignal): AsyncGenerator<Item> {
  const unpacked = extract()
  const fed = pipeline(source, unpacked, { signal })
  fed.catch(() => {})
  const entries = unpacked[Symbol.asyncIterator]() as AsyncIterator<Entry>
  const next = async (): Promise<Entry | undefined> => {
    const { value, done } = await translated(() => entries.next(), signal)
    return done === true ? undefined : value
  }
  let entry = await next()
  while (entry && entry.header.name !== endName) {
    const name = nameOf(entry.header)
    const content = (async function* (): AsyncGenerator<Buffer> {
      while (entry && entry.header.name !== endName && nameOf(entry.header) === name) {
        const chunks = entry[Symbol.asyncIterator]()
        for (;;) {
          const { value, done } = await translated(() => chunks.next(), signal)
          if (done === true) break
          yield value
        }
        entry = await next()
      }
    })()
    yield { name, content }
    for await (const _ of content);
  }
  if (!entry) throw broken()
  // What stands behind it is nothing of ours, and whoever still sends is not to wait.
  entries.return?.().catch(() => {})
  source.resume()
}

async function translated<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (signal.aborted) throw new InterruptedError()
    throw error instanceof PaasError ? error : broken(error)
  }
}

function nameOf({ name, type }: Header): string {
  const whole = name.replace(/\.piece-\d{8}$/, '')
  const leadsAway = whole.split('/').some((part) => ['', '.', '..'].includes(part) || part.includes('\0'))
  if (type !== 'file' || leadsAway || whole.length > 4_000)
    throw new UserError(`The archive is refused: ${JSON.stringify(name.slice(0, 200))} is not of its kind`, {
      next,
    })
  return whole
}

const broken = (cause?: unknown): UserError =>
  new UserError('The archive is cut off or broken, or none that this server writes', {
    next,
    cause,
  })

const next = 'Take one that backup or apps:export wrote, as it came: ssh paas backup > server.tar'
