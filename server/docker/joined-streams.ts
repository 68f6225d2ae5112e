import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type Client, interruption } from './client.ts'
import { frames } from './frames.ts'

/** A person's streams, and whether the process has a terminal: then everything comes on `stdout`. */
export type Streams = {
  readonly stdin?: Readable
  readonly stdout: Writable
  readonly stderr?: Writable
  readonly tty: boolean
  readonly signal?: AbortSignal
}

/**
 * Joins `streams` to the connection of a process that the engine has handed over, byte for byte; the end of `stdin` is
 * the end of its stdin. Resolves when all of its output is written to ours (which stay open); rejects when the
 * connection is cut or aborted.
 */
export function joinStreams(client: Client, socket: Socket, streams: Streams): Promise<void> {
  if (streams.stdin !== undefined) send(streams.stdin, socket, streams)
  return receive(client, socket, streams)
}

function send(stdin: Readable, socket: Socket, { tty }: Pick<Streams, 'tty'>): void {
  // The process may end before our stdin does: then nobody is left to write to.
  socket.on('error', ignore)
  stdin.on('error', () => socket.destroy())
  // Of a process with a terminal the engine closes all streams with stdin: there the end is typed.
  stdin.pipe(socket, { end: !tty })
  if (tty) stdin.once('end', () => socket.writable && socket.write(endOfTransmission))
  socket.once('close', () => stdin.unpipe(socket))
}

async function receive(
  client: Client,
  socket: Socket,
  { stdout, stderr = stdout, tty, signal }: Streams,
): Promise<void> {
  const bytes = client.read('reading the process’s output', socket, signal)
  if (tty) {
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

/** Ctrl-D. */
const endOfTransmission = '\x04'

const ignore = (): void => {}
