import { PassThrough, type Readable } from 'node:stream'
import type { Session } from './ssh/session.ts'

/**
 * What a person types while a command runs. A terminal sends Ctrl-C as a byte: unless the command reads its stdin, and
 * knows itself what Ctrl-C means there, it interrupts.
 */
export class Keyboard implements Disposable {
  /** The session's, aborted by Ctrl-C too. */
  readonly signal: AbortSignal
  readonly #session: Session
  readonly #typed: PassThrough | undefined
  readonly #interrupted = new AbortController()
  readonly #onData = (chunk: Buffer): void => {
    if (chunk.includes(3)) this.#interrupted.abort()
  }

  constructor(session: Session) {
    this.#session = session
    if (session.terminal === undefined) {
      this.signal = session.signal
      return
    }
    this.signal = AbortSignal.any([session.signal, this.#interrupted.signal])
    const typed = new PassThrough()
    // What is typed ahead is kept for a command that asks later.
    session.stdin.on('data', this.#onData).pipe(typed)
    session.stdin.once('error', (error) => typed.destroy(error))
    typed.on('error', () => {})
    this.#typed = typed
  }

  /** For the command that reads: all that was typed, also before. From then on Ctrl-C is a byte like others. */
  take(): Readable {
    this.#session.stdin.off('data', this.#onData)
    return this.#typed ?? this.#session.stdin
  }

  [Symbol.dispose](): void {
    this.#session.stdin.off('data', this.#onData)
    this.#session.stdin.unpipe()
  }
}
