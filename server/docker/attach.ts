import { Socket } from 'node:net'
import type { Client } from './client.ts'
import { joinStreams, type Streams } from './joined-streams.ts'

/** A container's streams, joined to ours. */
export type Attachment = {
  /** Resolves when all of its output is written to ours (which stay open); rejects when the stream is cut or aborted. */
  readonly ended: Promise<void>
}

/**
 * Joins streams to a container's process, byte for byte; the end of `stdin` is the end of its stdin. Attached when
 * this returns, so that a start after it loses nothing. With `tty` everything comes on `stdout`.
 */
export async function attach(client: Client, id: string, options: Streams): Promise<Attachment> {
  const { stdin, signal } = options
  const socket = await client.call('attaching to the container', { signal }, async (abortSignal) => {
    const stream: unknown = await client.docker.getContainer(id).attach({
      stream: true,
      stdin: stdin !== undefined,
      stdout: true,
      stderr: true,
      hijack: true,
      abortSignal,
    })
    if (!(stream instanceof Socket)) throw new Error('The engine did not hand over the connection')
    return stream
  })
  const ended = joinStreams(client, socket, options)
  // Whoever does not wait for the end must not die of its error.
  ended.catch(ignore)
  return { ended }
}

const ignore = (): void => {}
