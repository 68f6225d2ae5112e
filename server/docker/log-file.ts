import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LogChunk, LogLength, LogPlace, LogSource } from './log-source.ts'

type OpenFile = { readonly descriptor: number; readonly inode: number; readonly identity: string }

/** What the engine is told to keep of a container's log. */
export const logRotation = { fileMegabytes: 10, files: 3 }
/** More than that: an engine may be told otherwise by hand. */
const mostRotated = 5

/** The newest file of a container's log. @param folder the engine's own for the container */
const logFilePath = (folder: string, id: string): string => join(folder, `${id}-json.log`)

/** How long the newest file of a container's log is now; undefined: there is none. */
export function logLengthNow(folder: string, id: string): LogLength | undefined {
  const found = statSync(logFilePath(folder, id), { throwIfNoEntry: false })
  return found && { identity: identityOf(found), bytes: found.size }
}

/** An entry has at most 16 KB of text, of which each byte may be six in JSON. */
const leastRead = 128 * 1024
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

/**
 * The log of one container as the engine's `json-file` driver writes it, read where it lies: `ID-json.log`, and after
 * rotations `ID-json.log.1` and so on. Files stay open until they are read, so that neither a rotation nor the
 * container's removal takes anything away, as long as it is looked at once for each time that all files are replaced.
 */
export class LogFile implements LogSource {
  readonly trouble = undefined
  readonly #folder: string
  readonly #path: string
  /** The one that is read first; the last is the newest that was seen. */
  #files: OpenFile[] = []
  #place: LogPlace | undefined
  #lost = false

  /**
   * @param folder the engine's own for the container
   * @param place where reading goes on; undefined: at the beginning of what is there
   */
  constructor(folder: string, id: string, place?: LogPlace) {
    this.#folder = folder
    this.#path = logFilePath(folder, id)
    this.#place = place
  }

  /** Whether entries were gone before they were read, since this was asked last. */
  takeLost(): boolean {
    const lost = this.#lost
    this.#lost = false
    return lost
  }

  /** Whether the container has been removed. Throws where that cannot be told. */
  get isGone(): boolean {
    return statSync(this.#folder, { throwIfNoEntry: false }) === undefined
  }

  /** The newest file up to where it was read; undefined: there is none, or an older one is not yet read. */
  get length(): LogLength | undefined {
    const [file] = this.#files
    return file && this.#place && this.#files.length === 1
      ? { identity: file.identity, bytes: this.#place.offset }
      : undefined
  }

  /**
   * The next entries, as many as fit in `mostBytes` (128 to 256 KB); undefined: there are none now. Throws where the
   * files may not be read.
   */
  read(mostBytes = leastRead): LogChunk | undefined {
    this.#look()
    for (;;) {
      const [file] = this.#files
      const from = this.#place
      if (!file || !from) return undefined
      const isNewest = this.#files.length === 1
      const length = readSync(file.descriptor, buffer, 0, Math.min(mostBytes, buffer.length), from.offset)
      const end = buffer.lastIndexOf(0x0a, length - 1) + 1
      if (length > 0 && end > 0) {
        const bytes = buffer.subarray(0, end)
        this.#place = { inode: from.inode, offset: from.offset + end, time: timeOfLast(bytes) }
        return { bytes, from, to: this.#place, isFull: !isNewest || length === mostBytes }
      }
      // What a crash of the engine has torn, at the end of a file that nobody writes any more, is no entry.
      if (isNewest) return undefined
      closeSync(file.descriptor)
      this.#files.shift()
      this.#place = beginningOf(this.#files[0])
    }
  }

  /** It always does. */
  async upToNow(): Promise<void> {}

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#files) closeSync(descriptor)
    this.#files = []
  }

  /** Opens what has come since the last look. */
  #look(): void {
    const newest = this.#files.at(-1)
    if (newest && statSync(this.#path, { throwIfNoEntry: false })?.ino === newest.inode) return
    const there = this.#openAll()
    const known = newest ? there.findIndex(({ inode }) => inode === newest.inode) : -1
    for (const { descriptor } of there.slice(0, known + 1)) closeSync(descriptor)
    const more = there.slice(known + 1)
    if (newest) {
      this.#files.push(...more)
      // The newest that was seen is none of those that are there: others may have come and gone between.
      if (known < 0 && more.length > 0) this.#lost = true
    } else if (more.length > 0) this.#begin(more)
  }

  /** Where reading stopped in an earlier process; at the oldest file where that place is gone. */
  #begin(there: OpenFile[]): void {
    const place = this.#place?.inode === 0 ? placeAt(there, this.#place.time) : this.#place
    const at = place ? there.findIndex((file) => isPlaceIn(file, place)) : this.#place ? -1 : 0
    if (at < 0) this.#lost = true
    for (const { descriptor } of there.slice(0, Math.max(at, 0))) closeSync(descriptor)
    this.#files = there.slice(Math.max(at, 0))
    this.#place = at < 0 ? undefined : place
    this.#place ??= beginningOf(this.#files[0])
  }

  /** Every file that is there, the oldest first; none while the engine is about to make the next. */
  #openAll(): OpenFile[] {
    const opened: OpenFile[] = []
    for (let number = 0; number <= mostRotated; number++) {
      const file = open(number === 0 ? this.#path : `${this.#path}.${number}`)
      if (!file) break
      // It was renamed between two looks, and is open already.
      if (opened.some(({ inode }) => inode === file.inode)) closeSync(file.descriptor)
      else opened.push(file)
    }
    return opened.reverse()
  }
}

// The number of a file that is gone may be given to the next.
const identityOf = ({ ino, birthtimeMs }: Stats): string => `${ino}/${birthtimeMs}`

function open(path: string): OpenFile | undefined {
  try {
    const descriptor = openSync(path, 'r')
    const found = fstatSync(descriptor)
    return { descriptor, inode: found.ino, identity: identityOf(found) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const beginningOf = (file: OpenFile | undefined): LogPlace | undefined =>
  file && { inode: file.inode, offset: 0, time: '' }

/** Behind the entry of this time, where its log was read through the engine's API before. */
function placeAt(files: readonly OpenFile[], time: string): LogPlace | undefined {
  // What the engine writes has no zeros at its end.
  const written = time.replace(/\.?0*Z$/, 'Z')
  const end = Buffer.from(`"time":"${written}"}\n`)
  for (const { descriptor, inode } of files) {
    const content = Buffer.alloc(fstatSync(descriptor).size)
    readSync(descriptor, content, 0, content.length, 0)
    const at = content.indexOf(end)
    if (at >= 0) return { inode, offset: at + end.length, time: written }
  }
  return undefined
}

/** An inode's number may belong to a later file by now: what stands before the place has to be what stood there. */
function isPlaceIn({ descriptor, inode }: OpenFile, place: LogPlace): boolean {
  if (inode !== place.inode) return false
  if (place.offset === 0) return true
  const tail = Buffer.alloc(64)
  const from = Math.max(0, place.offset - tail.length)
  const length = readSync(descriptor, tail, 0, place.offset - from, from)
  return length === place.offset - from && timeOfLast(tail.subarray(0, length)) === place.time
}

function timeOfLast(bytes: Buffer): string {
  const tail = bytes.subarray(-64).toString('latin1')
  return /"time":"([^"]{1,40})"\}\n$/.exec(tail)?.[1] ?? ''
}

/** One entry: a line, or 16 KB of a longer one. */
export type LogFileEntry = {
  /** RFC 3339 in UTC with nine digits; sorts as text. */
  readonly at: string
  /** As the engine wrote it, without zeros at its end. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
  /** A line ends with it. */
  readonly isEnd: boolean
  /** Bytes in the file. */
  readonly length: number
}

/** Docker cuts longer lines into pieces of this size; a shorter piece without a newline was a process's last. */
const pieceBytes = 16 * 1024

/** What a chunk holds. What is no entry (torn by a crash) is an empty piece of a line. */
export function* entriesOf(bytes: Buffer): Generator<LogFileEntry> {
  let start = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, start)
    if (end < 0) return
    yield entryOf(bytes.toString('utf8', start, end), end + 1 - start)
    start = end + 1
  }
}

function entryOf(line: string, length: number): LogFileEntry {
  const { log, stream, time } = parse(line)
  const isWhole = log.endsWith('\n')
  return {
    at: withNineDigits(time),
    time,
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    text: isWhole ? log.slice(0, -1) : log,
    isEnd: isWhole || (log !== '' && Buffer.byteLength(log) < pieceBytes),
    length,
  }
}

function parse(line: string): { log: string; stream: string; time: string } {
  try {
    const { log, stream, time } = JSON.parse(line) as Record<string, unknown>
    if (typeof log === 'string' && typeof time === 'string') return { log, stream: String(stream), time }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return { log: '', stream: 'stdout', time: '' }
}

/** The time of an entry as the engine wrote it, without the zeros that it leaves out. */
export function withNineDigits(time: string): string {
  const [, seconds, digits = ''] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(time) ?? []
  return seconds === undefined ? time : `${seconds}.${digits.padEnd(9, '0')}Z`
}

const endOfText = Buffer.from('","stream":"')
const longestTail = 80
const backslash = 0x5c

/**
 * How many lines end in a chunk, as `entriesOf` sees it: without reading what they say, which a flood of them would make
 * costly.
 */
export function countLines(bytes: Buffer): number {
  let count = 0
  let start = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, start)
    if (end < 0) return count
    if (isEndOfLine(bytes, start, end)) count++
    start = end + 1
  }
}

function isEndOfLine(bytes: Buffer, start: number, end: number): boolean {
  const quote = bytes.indexOf(endOfText, Math.max(start, end - longestTail))
  if (quote > start && quote < end && bytes[quote - 1] === 0x6e) {
    // An even number before an n: the last is a written one.
    let before = quote - 1
    while (before > start && bytes[before - 1] === backslash) before--
    if ((quote - 1 - before) % 2 === 1) return true
  }
  return entryOf(bytes.toString('utf8', start, end), 0).isEnd
}
