import { Transform } from 'node:stream'

/** Two blocks of zeros end a tar archive. */
const endBytes = 1024

/** Passes a tar archive through, and knows of one that was cut between two files: tar takes that for its end. */
export class ArchiveEnd extends Transform {
  #tail = Buffer.alloc(0)

  /** Its end has passed. */
  get isWhole(): boolean {
    return this.#tail.length === endBytes && this.#tail.every((byte) => byte === 0)
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    const tail = chunk.length >= endBytes ? chunk : Buffer.concat([this.#tail, chunk])
    this.#tail = Buffer.from(tail.subarray(-endBytes))
    done(null, chunk)
  }
}
