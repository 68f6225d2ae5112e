import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { beginning, type Link, linkOf, sealed } from './chain.ts'

export type EventLogOptions = {
  readonly folder: string
  /** A file that has grown to this many bytes is followed by another. */
  readonly fileBytes?: number
  /** So many files are kept. */
  readonly files?: number
}

export type Verdict = {
  /** Lines that are whole and follow one another. */
  readonly lines: number
  readonly from: number
  /** The last of them: whoever noted its hash elsewhere can tell later whether it still stands. */
  readonly last: Link
  readonly broken: { readonly file: string; readonly line: number; readonly why: string } | undefined
}

/** Chained JSON lines in bounded files, each named after the number of its first line. One process writes them. */
export class EventLog {
  /** What a crash had left of a last line and was cut off when the log was opened, in bytes. */
  readonly tornBytes: number
  readonly #folder: string
  readonly #fileBytes: number
  readonly #files: number
  #last: Link
  #file: string
  #size: number

  constructor({ folder, fileBytes = 4 * 1024 * 1024, files = 16 }: EventLogOptions) {
    this.#folder = folder
    this.#fileBytes = fileBytes
    this.#files = files
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const newest = this.#names().at(-1)
    if (newest === undefined) {
      this.#last = beginning
      this.#file = join(folder, nameOf(beginning.sequence + 1))
      this.#size = 0
      this.tornBytes = 0
      return
    }
    this.#file = join(folder, newest)
    this.tornBytes = cutTornLine(this.#file)
    const lines = linesOf(this.#file)
    this.#size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
    const last = lines.at(-1)
    const link = last === undefined ? this.#before(newest) : linkOf(last, undefined)
    // A line that somebody broke stays for `verify` to name; what comes goes on beside it.
    this.#last =
      typeof link === 'string'
        ? { sequence: Number.parseInt(newest, 10) + lines.length - 1, hash: beginning.hash }
        : link
  }

  /** The number of the last line; 0: there has been none. */
  get lastSequence(): number {
    return this.#last.sequence
  }

  /** Writes `content` as the next line, which is on the disk when this returns. Returns its number. */
  append(content: object): number {
    if (this.#size >= this.#fileBytes) this.#rotate()
    const { line, link } = sealed(content, this.#last)
    const file = openSync(this.#file, 'a', 0o600)
    try {
      writeWhole(file, `${line}\n`, this.#size)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    if (this.#size === 0) syncFolder(this.#folder)
    this.#size += Buffer.byteLength(line) + 1
    this.#last = link
    return link.sequence
  }

  /** From the newest line back to the oldest that is kept. */
  *newestFirst(): Generator<string> {
    for (const name of this.#names().reverse()) yield* linesOf(join(this.#folder, name)).reverse()
  }

  /** Looks at every line that is kept, up to the first that is broken. */
  verify(): Verdict {
    let last: Link | undefined
    let lines = 0
    let from = 0
    for (const file of this.#names()) {
      for (const [index, line] of linesOf(join(this.#folder, file)).entries()) {
        // Only where older files went, the first line follows one that is not there.
        const before = last ?? (Number.parseInt(file, 10) === 1 ? beginning : undefined)
        const link = linkOf(line, before)
        if (typeof link === 'string')
          return { lines, from, last: last ?? beginning, broken: { file, line: index + 1, why: link } }
        if (lines === 0) from = link.sequence
        lines += 1
        last = link
      }
    }
    const broken = this.#missingEnd(last)
    return { lines, from, last: last ?? beginning, broken }
  }

  /** What this process wrote and is not there any more. */
  #missingEnd(last: Link = beginning): Verdict['broken'] {
    if (last.hash === this.#last.hash) return undefined
    const file = this.#file.slice(this.#folder.length + 1)
    return {
      file,
      line: linesOf(this.#file).length + 1,
      why: `lines up to ${this.#last.sequence} are missing`,
    }
  }

  #rotate(): void {
    this.#file = join(this.#folder, nameOf(this.#last.sequence + 1))
    this.#size = 0
    for (const old of this.#names().slice(0, -(this.#files - 1))) rmSync(join(this.#folder, old))
  }

  /** The last line before a file that a crash left empty. */
  #before(name: string): Link | string {
    const earlier = this.#names()
      .filter((each) => each < name)
      .at(-1)
    const line = earlier === undefined ? undefined : linesOf(join(this.#folder, earlier)).at(-1)
    return line === undefined ? beginning : linkOf(line, undefined)
  }

  #names(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => /^\d{12}\.jsonl$/.test(name))
      .sort()
  }
}

const nameOf = (sequence: number): string => `${String(sequence).padStart(12, '0')}.jsonl`

function linesOf(file: string): string[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
}

/** Cuts what stands behind the last line's end; returns how many bytes that were. */
function cutTornLine(file: string): number {
  const bytes = readFileSync(file)
  const whole = bytes.lastIndexOf(0x0a) + 1
  if (whole < bytes.length) truncateSync(file, whole)
  return bytes.length - whole
}

/** All of `text` or nothing of it: half a line on a full disk would break the chain. */
function writeWhole(file: number, text: string, size: number): void {
  const bytes = Buffer.from(text)
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
  } catch (error) {
    ftruncateSync(file, size)
    throw error
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
