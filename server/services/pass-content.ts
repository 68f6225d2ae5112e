import { PassThrough, type Readable, type Writable } from 'node:stream'
import { InterruptedError } from '../errors.ts'

/** What `write` writes is what `read` reads. The first of them that fails ends the other too, and its error is thrown. */
export async function passContent(
  signal: AbortSignal,
  write: (output: Writable, signal: AbortSignal) => Promise<void>,
  read: (input: Readable, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController()
  const fail = (error: unknown): void => failed.abort(error)
  const either = AbortSignal.any([signal, failed.signal])
  const pipe = new PassThrough()
  const written = write(pipe, either).then(() => pipe.end(), fail)
  const taken = read(pipe, either).catch(fail)
  await Promise.all([written, taken])
  if (signal.aborted) throw new InterruptedError()
  if (failed.signal.aborted) throw failed.signal.reason
}
