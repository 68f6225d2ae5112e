import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { ended } from '../ended.ts'
import { InterruptedError } from '../errors.ts'
import { forgetFinishedWrite, type ServerChannel } from './ssh2.ts'

export type ChannelStreams = {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Ends both outputs; resolves when all of them is with the client, or the client has gone. */
  flush(): Promise<void>
}

/**
 * A channel as three plain streams with back-pressure down to the socket. ssh2's own never call back once the
 * channel is closed, send stale bytes when stdout and stderr wait for window in turn, and ignore a socket that
 * is full.
 * @param gone aborted when the client can no longer be reached
 */
export function channelStreams(channel: ServerChannel, socket: Socket, gone: AbortSignal): ChannelStreams {
  let turn = Promise.resolve()
  const output = (target: Writable): Writable => {
    const inTurn = (chunks: Iterable<Buffer>, done: (error?: Error) => void): void => {
      turn = turn
        .then(async () => {
          for (const chunk of chunks) await send({ channel, target, chunk, socket, gone })
        })
        .then(() => done(), done)
    }
    return listened(
      new Writable({
        highWaterMark: 256 * 1024,
        write: (chunk: Buffer, _encoding, done) => inTurn([chunk], done),
        writev: (written, done) => inTurn(joined(written), done),
      }),
    )
  }
  const stdout = output(channel)
  const stderr = output(channel.stderr)
  channel.on('error', ignore)
  channel.stderr.on('error', ignore)
  return {
    stdin: input(channel, gone),
    stdout,
    stderr,
    flush: async () => {
      await Promise.all([ended(stdout), ended(stderr)])
    },
  }
}

function input(channel: ServerChannel, gone: AbortSignal): Readable {
  let ended = false
  const onData = (chunk: Buffer): void => {
    if (!stdin.push(chunk)) channel.pause()
  }
  const onGone = (): void => {
    // Half a stream must not look like a whole one.
    if (!ended) stdin.destroy(new InterruptedError('The client has gone'))
  }
  const stdin: Readable = new Readable({
    read: () => {
      channel.resume()
    },
    destroy: (error, done) => {
      channel.off('data', onData)
      gone.removeEventListener('abort', onGone)
      // What nobody reads must not keep the client from closing.
      channel.resume()
      done(error)
    },
  })
  channel.pause()
  channel.on('data', onData)
  channel.on('end', () => {
    ended = true
    stdin.push(null)
  })
  gone.addEventListener('abort', onGone, { once: true })
  return listened(stdin)
}

/** What was written in small pieces, in larger ones: a line of its own would cost a packet and a system call. */
function* joined(written: readonly { readonly chunk: Buffer }[]): Generator<Buffer> {
  let pieces: Buffer[] = []
  let size = 0
  for (const { chunk } of written) {
    pieces.push(chunk)
    size += chunk.length
    if (size < fullPacket) continue
    yield pieces.length === 1 ? chunk : Buffer.concat(pieces, size)
    pieces = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(pieces, size)
}

/** The most that OpenSSH takes in one packet. */
const fullPacket = 32 * 1024

async function send(options: {
  readonly channel: ServerChannel
  readonly target: Writable
  readonly chunk: Buffer
  readonly socket: Socket
  readonly gone: AbortSignal
}): Promise<void> {
  const { channel, target, chunk, socket, gone } = options
  await settled(gone, (done) => {
    target.write(chunk, done)
    return undefined
  })
  forgetFinishedWrite(channel)
  if (socket.writableLength < socketHighWater) return
  await settled(gone, (done) => {
    socket.once('drain', done)
    return () => socket.off('drain', done)
  })
}

// A client may announce a window of 4 GiB: what the socket has not taken is ours to hold.
const socketHighWater = 1024 * 1024

function settled(gone: AbortSignal, start: (done: () => void) => (() => unknown) | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) return resolve()
    let cleanUp: (() => unknown) | undefined
    const finish = (): void => {
      gone.removeEventListener('abort', finish)
      cleanUp?.()
      resolve()
    }
    gone.addEventListener('abort', finish, { once: true })
    try {
      cleanUp = start(finish)
    } catch {
      // ssh2 throws from write() when its connection has just ended: the same as gone.
      finish()
    }
  })
}

function listened<Stream extends Readable | Writable>(stream: Stream): Stream {
  stream.on('error', ignore)
  return stream
}

function ignore(): void {}
