import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InterruptedError } from '../errors.ts'
import { passContent } from '../services/pass-content.ts'
import { pack } from '../tar/tar-stream.ts'

/** A tar wants to know sizes ahead: what has none comes in pieces of so many bytes. */
const pieceBytes = 1024 * 1024

/** What every name of a piece ends with; `readArchive` puts the pieces together again. */
export const pieceName = (name: string, number: number): string =>
  `${name}.piece-${String(number).padStart(8, '0')}`

/** Writes a tar to `output`, which stays open, as fast as that takes it. */
export class ArchiveWriter {
  readonly #pack = pack()
  readonly #signal: AbortSignal
  readonly #sent: Promise<void>

  constructor(output: Writable, signal: AbortSignal) {
    this.#signal = signal
    this.#sent = pipeline(this.#pack, output, { end: false, signal })
    this.#sent.catch(() => {})
  }

  /** One entry. Throws what broke the way of the archive. */
  async bytes(name: string, content: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    try {
      const header = { name, size: content.length, mode: 0o600 }
      this.#pack.entry(header, content, (error) => (error ? reject(error) : resolve()))
      await promise
    } catch (error) {
      throw await this.#cause(error)
    }
  }

  /** What `write` writes, in pieces; at least one. */
  async pieces(name: string, write: (output: Writable, signal: AbortSignal) => Promise<void>): Promise<void> {
    await passContent(this.#signal, write, (input, either) =>
      this.#piecesOf(name, addAbortSignal(either, input)),
    )
  }

  /** The content of a file as it is when it is read. */
  async file(name: string, path: string): Promise<void> {
    await this.pieces(name, (output, signal) =>
      pipeline(createReadStream(path), output, { end: false, signal }),
    )
  }

  /** Returns once all of it is sent. */
  async end(): Promise<void> {
    this.#pack.finalize()
    try {
      await this.#sent
    } catch (error) {
      throw await this.#cause(error)
    }
  }

  async #piecesOf(name: string, input: Readable): Promise<void> {
    let number = 1
    let waiting: Buffer[] = []
    let bytes = 0
    for await (const chunk of input as AsyncIterable<Buffer>) {
      waiting.push(chunk)
      bytes += chunk.length
      if (bytes < pieceBytes) continue
      await this.bytes(pieceName(name, number), Buffer.concat(waiting))
      number += 1
      waiting = []
      bytes = 0
    }
    if (bytes > 0 || number === 1) await this.bytes(pieceName(name, number), Buffer.concat(waiting))
  }

  async #cause(error: unknown): Promise<unknown> {
    if (this.#signal.aborted) return new InterruptedError()
    this.#pack.destroy()
    return await this.#sent.then(
      () => error,
      (broken: unknown) => broken,
    )
  }
}
