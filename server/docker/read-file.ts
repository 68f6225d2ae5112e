import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../errors.ts'
import { extract } from '../tar/tar-stream.ts'
import type { CallOptions, Client } from './client.ts'
import { NotFoundError } from './engine-errors.ts'

export type ReadFileOptions = CallOptions & { readonly maxBytes: number }

/**
 * A file of a container; undefined where the path is nothing, a folder or a link. Throws `UserError` when it is larger
 * than `maxBytes`.
 */
export async function readFile(
  client: Client,
  id: string,
  path: string,
  { maxBytes, ...options }: ReadFileOptions,
): Promise<Buffer | undefined> {
  const what = `reading ${path} of the container`
  try {
    return await client.call(what, { ...options, untilEnd: true }, async (abortSignal) => {
      const given = { path, abortSignal }
      const answer = (await client.docker.getContainer(id).getArchive(given)) as Readable
      return await firstFile(client.read(what, answer, abortSignal), path, maxBytes)
    })
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** The engine answers with a tar whose first entry is what was asked for. */
async function firstFile(
  tar: AsyncIterable<Buffer>,
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const unpacked = extract()
  // Where it breaks, the loop below throws; where that is left, nobody wants the rest.
  pipeline(Readable.from(tar), unpacked).catch(() => {})
  for await (const entry of unpacked) {
    const { type, size = 0 } = entry.header
    if (type !== 'file') return undefined
    if (size > maxBytes)
      throw new UserError(`${path} has more than ${maxBytes} bytes`, { next: 'Shorten it' })
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }
  return undefined
}
