import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cursorMark, formatKeptLine, type KeptLine, parseKeptLine } from './kept-line.ts'

/** Where a reader stands: before a line. */
export type KeptPlace = {
  /** The segment's first line. */
  readonly segment: number
  /** Bytes from the segment's beginning. */
  readonly offset: number
  /** Its number in the log. */
  readonly line: number
}

type Segment = {
  readonly first: number
  readonly path: string
  readonly bytes: number
  readonly writtenMs: number
}

const blockBytes = 128 * 1024
/** The log is cut in steps of a thirtieth, its oldest segment as a whole. */
const mostSegments = 30
/** A file's time is the kernel's, which is a tick behind. */
const clockMs = 1_000
const leastSegmentBytes = 64 * 1024

/**
 * The log of one app, kept across containers and releases in segments, `FIRST-LINE.log`, of which the oldest goes when
 * all together reach the limit. Every batch ends with how far its sources were read, in the same write: whatever kills
 * the server, a line that is here is not taken again, and one that is not here will be.
 */
export class KeptLog implements Disposable {
  readonly #folder: string
  readonly #limitBytes: () => number
  readonly #cursors = new Map<string, string>()
  #descriptor: number | undefined
  #segment = 0
  #bytes = 0
  #nextLine = 0
  #isOpen = false
  #followers = 0
  #isDisposed = false
  #changed = Promise.withResolvers<void>()

  /** @param limitBytes of all segments together; asked for anew with each segment */
  constructor(folder: string, limitBytes: () => number) {
    this.#folder = folder
    this.#limitBytes = limitBytes
  }

  /** Where the log ends now. */
  get end(): KeptPlace {
    this.#open()
    return { segment: this.#segment, offset: this.#bytes, line: this.#nextLine }
  }

  /** Whether somebody waits for the next line. */
  get isFollowed(): boolean {
    return this.#followers > 0
  }

  /** How far `source` was read; undefined: never. */
  cursorOf(source: string): string | undefined {
    this.#open()
    return this.#cursors.get(source)
  }

  /** Cursors of other sources need not be kept. */
  forgetCursors(isNeeded: (source: string) => boolean): void {
    this.#open()
    for (const source of this.#cursors.keys()) if (!isNeeded(source)) this.#cursors.delete(source)
  }

  /**
   * Lines, and how far their sources have been read with them. Throws where the disk takes nothing: then nothing of it
   * is here.
   * @param cursors by source; at least one
   */
  append(lines: readonly KeptLine[], cursors: ReadonlyMap<string, string>): void {
    if (this.#isDisposed) return
    this.#open()
    const batch = Buffer.from(
      lines.map(formatKeptLine).join('') +
        [...cursors].map(([source, at]) => cursorLine(source, at)).join(''),
    )
    const isFull = this.#bytes + batch.length > this.#segmentBytes && this.#nextLine > this.#segment
    if (this.#descriptor === undefined || isFull) this.#next()
    this.#write(batch)
    for (const [source, at] of cursors) this.#cursors.set(source, at)
    this.#nextLine += lines.length
    if (lines.length > 0) this.#wake()
  }

  /**
   * The lines that are kept now in blocks, the newest first; within a block the oldest.
   * @param since RFC 3339: segments that were written before are left out
   */
  async *backwards(since?: string): AsyncGenerator<readonly KeptLine[]> {
    this.#open()
    const sinceMs = since === undefined ? 0 : Date.parse(since) - clockMs
    for (const { path, bytes, writtenMs } of this.#segments().reverse()) {
      // No line is younger than its segment, and no segment than those after it.
      if (writtenMs < sinceMs) return
      const descriptor = openIfThere(path)
      // The limit has taken it, and all before it, meanwhile.
      if (descriptor === undefined) return
      try {
        yield* blocksBackwards(descriptor, bytes)
      } finally {
        closeSync(descriptor)
      }
    }
  }

  /**
   * Lines from `place` on as they come, until the signal or the log's removal. Where the limit takes lines before they
   * are read, `onMissed` gives what is to be said in their place.
   */
  async *follow(
    place: KeptPlace,
    signal: AbortSignal,
    onMissed: (count: number) => KeptLine,
  ): AsyncGenerator<readonly KeptLine[]> {
    const gone = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#open()
    let { segment, offset, line } = place
    let descriptor = openIfThere(this.#pathOf(segment))
    this.#followers++
    try {
      while (!signal.aborted && !this.#isDisposed) {
        const changed = this.#changed.promise
        const block = descriptor === undefined ? undefined : readBlock(descriptor, offset)
        if (block) {
          offset += block.bytes
          line += block.lines.length
          if (block.lines.length > 0) yield block.lines
          await nextTurn()
          continue
        }
        if (descriptor !== undefined && segment === this.#segment) {
          await Promise.race([changed, gone])
          continue
        }
        const next = this.#segments().find(({ first }) => first >= line && first !== segment)
        if (!next) {
          await Promise.race([changed, gone])
          descriptor ??= openIfThere(this.#pathOf(segment))
          continue
        }
        if (next.first > line) yield [onMissed(next.first - line)]
        if (descriptor !== undefined) closeSync(descriptor)
        ;({ first: segment } = next)
        offset = 0
        line = segment
        descriptor = openIfThere(next.path)
      }
    } finally {
      this.#followers--
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }

  /** Followers end; nothing is written any more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    this.#wake()
  }

  get #segmentBytes(): number {
    return Math.max(leastSegmentBytes, Math.floor(this.#limitBytes() / mostSegments))
  }

  /** Goes on where an earlier process has stopped. A batch that a crash of the machine has torn goes. */
  #open(): void {
    if (this.#isOpen || this.#isDisposed) return
    this.#isOpen = true
    const newest = this.#segments().at(-1)
    if (!newest) return
    const content = readFileSync(newest.path)
    const lines = content.subarray(0, content.lastIndexOf(0x0a) + 1)
    const last = lines.lastIndexOf(`\n${cursorMark}`) + 1
    const end = lines[last] === cursorMark.charCodeAt(0) ? lines.indexOf(0x0a, last) + 1 : 0
    const whole = lines.subarray(0, end)
    this.#descriptor = openSync(newest.path, 'r+')
    if (end < content.length) ftruncateSync(this.#descriptor, end)
    this.#segment = newest.first
    this.#bytes = end
    this.#nextLine = newest.first + this.#readCursors(whole)
  }

  /** Returns how many lines of the log there are beside. */
  #readCursors(content: Buffer): number {
    let lines = 0
    for (let start = 0; start < content.length; ) {
      const end = content.indexOf(0x0a, start)
      if (content[start] === cursorMark.charCodeAt(0)) {
        const [source = '', ...at] = content.toString('utf8', start + 1, end).split(' ')
        this.#cursors.set(source, at.join(' '))
      } else lines++
      start = end + 1
    }
    return lines
  }

  /** A segment begins with every source's cursor: older segments need not be read for them. */
  #next(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const before = this.#descriptor
    this.#descriptor = openSync(this.#pathOf(this.#nextLine), 'w', 0o600)
    if (before !== undefined) closeSync(before)
    this.#segment = this.#nextLine
    this.#bytes = 0
    this.#trim()
    this.#write(Buffer.from([...this.#cursors].map(([source, at]) => cursorLine(source, at)).join('')))
  }

  #write(bytes: Buffer): void {
    if (this.#descriptor === undefined || bytes.length === 0) return
    const descriptor = this.#descriptor
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(descriptor, bytes, written, bytes.length - written, this.#bytes + written)
    } catch (error) {
      ftruncateSync(descriptor, this.#bytes)
      throw error
    }
    this.#bytes += bytes.length
  }

  #trim(): void {
    const segments = this.#segments().slice(0, -1)
    let total = this.#segmentBytes + segments.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { path, bytes } of segments) {
      if (total <= this.#limitBytes()) return
      rmSync(path, { force: true })
      total -= bytes
    }
  }

  /** The oldest first. */
  #segments(): Segment[] {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder)
      .flatMap((name) => {
        const number = /^(\d{15})\.log$/.exec(name)?.[1]
        if (number === undefined) return []
        const path = join(this.#folder, name)
        const first = Number(number)
        const isCurrent = this.#descriptor !== undefined && first === this.#segment
        const found = statSync(path, { throwIfNoEntry: false })
        const bytes = isCurrent ? this.#bytes : (found?.size ?? 0)
        return [{ first, path, bytes, writtenMs: found?.mtimeMs ?? Number.POSITIVE_INFINITY }]
      })
      .sort((one, other) => one.first - other.first)
  }

  #pathOf(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(15, '0')}.log`)
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

const cursorLine = (source: string, at: string): string => `${cursorMark}${source} ${at}\n`

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function* blocksBackwards(descriptor: number, bytes: number): AsyncGenerator<readonly KeptLine[]> {
  let end = bytes
  let rest: Buffer = Buffer.alloc(0)
  while (end > 0) {
    const start = Math.max(0, end - blockBytes)
    const block = Buffer.alloc(end - start)
    const length = readSync(descriptor, block, 0, block.length, start)
    const content = Buffer.concat([block.subarray(0, length), rest])
    // A block begins in the middle of a line, which the one before it has the beginning of.
    const from = start === 0 ? 0 : content.indexOf(0x0a) + 1 || content.length
    rest = content.subarray(0, from)
    end = start
    if (from < content.length) yield linesOf(content.subarray(from))
    await nextTurn()
  }
}

/** Whole lines from `offset` on; undefined: there are none. Batches are written whole. */
function readBlock(
  descriptor: number,
  offset: number,
): { readonly lines: readonly KeptLine[]; readonly bytes: number } | undefined {
  for (let wanted = blockBytes; ; wanted *= 4) {
    const there = fstatSync(descriptor).size - offset
    if (there <= 0) return undefined
    const block = Buffer.alloc(Math.min(wanted, there))
    const length = readSync(descriptor, block, 0, block.length, offset)
    const bytes = block.subarray(0, length).lastIndexOf(0x0a) + 1
    if (bytes > 0) return { lines: linesOf(block.subarray(0, bytes)), bytes }
    if (length < wanted) return undefined
  }
}

const linesOf = (content: Buffer): KeptLine[] =>
  content
    .toString('utf8')
    .split('\n')
    .flatMap((line) => parseKeptLine(line) ?? [])
