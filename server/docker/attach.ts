import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type Client, interruption } from './client.ts'
import { frames } from './frames.ts'

/** A container's streams, joined to ours. */
export type Attachment = {
  /** Resolves when all of its output is written to ours (which stay open); rejects when the stream is cut or aborted. */
  readonly ended: Promise<void>
}

/**
 * Joins streams to a container's process, byte for byte; the end of `stdin` is the end of its stdin. Attached when
 * this returns, so that a start after it loses nothing. With `tty` everything comes on `stdout`.
 */
export async function attach(
  client: Client,
  id: string,
  options: { stdin?: Readable; stdout: Writable; stderr?: Writable; tty: boolean; signal?: AbortSignal },
): Promise<Attachment> {
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
  if (stdin !== undefined) send(stdin, socket)
  const ended = receive(client, socket, options)
  // Whoever does not wait for the end must not die of its error.
  ended.catch(ignore)
  return { ended }
}

function send(stdin: Readable, socket: Socket): void {
  // The process may end before our stdin does: then nobody is left to write to.
  socket.on('error', ignore)
  stdin.on('error', () => socket.destroy())
  stdin.pipe(socket)
  socket.once('close', () => stdin.unpipe(socket))
}

async function receive(
  client: Client,
  socket: Socket,
  options: { stdout: Writable; stderr?: Writable; tty: boolean; signal?: AbortSignal },
): Promise<void> {
  const { signal, stdout, stderr = stdout } = options
  const bytes = client.read('reading the container’s output', socket, signal)
  if (options.tty) {
    for await (const chunk of bytes) await write(stdout, chunk, signal)
  } else {
    for await (const frame of frames(bytes)) {
      await write(frame.stream === 'stderr' ? stderr : stdout, frame.bytes, signal)
    }
  }
}

/** Writes at the reader's pace. One that has gone away takes nothing more. */
async function write(to: Writable, bytes: Buffer, signal: AbortSignal | undefined): Promise<void> {
  if (to.destroyed || to.writableEnded || to.write(bytes)) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(signal && interruption(signal))
  to.once('drain', resolve).once('close', resolve)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await promise
  } finally {
    to.off('drain', resolve).off('close', resolve)
    signal?.removeEventListener('abort', abort)
  }
}

const ignore = (): void => {}
