import type { Writable } from 'node:stream'

/** Ends the stream; resolves when it has closed, also by an error. */
export function ended(stream: Writable): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('close', resolve)
    stream.end()
  })
}
