import type { Socket } from 'node:net'

/** A client that waits for our offer before it makes its own gets it after so long. */
const patienceMs = 50

/**
 * Holds our key exchange offer back until the client's has come, so that it carries the acknowledgement of that.
 * OpenSSH's client sends its next packet only when the one before is acknowledged (Nagle), and with nothing to say a
 * kernel takes 40 ms for that: more than all the rest of a login.
 */
export function holdKeyExchange(socket: Socket): void {
  let timer: NodeJS.Timeout | undefined
  const release = (): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.uncork()
  }
  const onData = (chunk: Buffer): void => {
    if (timer !== undefined || chunk.indexOf('\n') < chunk.length - 1) {
      release()
      return
    }
    // A version line and no more: what ssh2 answers to it is its offer.
    socket.cork()
    timer = setTimeout(release, patienceMs)
  }
  // Before ssh2 reads, so that its answer is held.
  socket.prependListener('data', onData)
  socket.once('close', release)
}
