import { countLines, entriesOf, type LogFileEntry, withNineDigits } from '../docker/log-file.ts'
import type { LogLength, LogPlace, LogSource } from '../docker/log-source.ts'
import type { Allowance } from './allowance.ts'
import { type KeptLine, keptNow } from './kept-line.ts'

export type CollectedOptions = {
  /** The container's log, from a place on. */
  readonly open: (place: LogPlace | undefined) => LogSource
  readonly version: number
  /** `web.1` */
  readonly process: string
  /** What an earlier process has noted; undefined: nothing was read yet. */
  readonly cursor: string | undefined
  readonly allowance: Allowance
  readonly hide: (text: string) => string
}

/** What a read has given. */
export type Taken = {
  readonly lines: readonly KeptLine[]
  /** How far it was read with these lines. */
  readonly cursor: string
  /** More may be there already. */
  readonly isMore: boolean
}

type Stream = LogFileEntry['stream']
/** A line of which the end has not come. */
type Begun = { at: string; text: string; readonly place: LogPlace; readonly linesBefore: number }

/** A line without an end is cut here, so that it cannot fill memory. */
const longest = 256 * 1024
const readBytes = 128 * 1024
/** Lines that are only counted cost little. */
const countBytes = 256 * 1024

/**
 * Reads one container's log into lines for its app's. What is over the allowance is counted and not read, until there is
 * enough of it again or the container is silent; then a note says the number.
 */
export class Collected implements Disposable {
  readonly #options: CollectedOptions
  readonly #source: LogSource
  readonly #begun = new Map<Stream, Begun>()
  #place: LogPlace | undefined
  /** Complete lines since the beginning of this object. */
  #count = 0
  /** Lines after the cursor's place that an earlier process has taken. */
  #toSkip: number
  #missed: number
  #lastAt = ''

  constructor(options: CollectedOptions) {
    this.#options = options
    const cursor = parseCursor(options.cursor)
    this.#place = cursor?.place
    this.#toSkip = cursor?.skip ?? 0
    this.#missed = cursor?.missed ?? 0
    this.#source = options.open(cursor?.place)
  }

  get isGone(): boolean {
    return this.#source.isGone
  }

  /** Why nothing of it can be read now; undefined: it can. */
  get trouble(): string | undefined {
    return this.#source.trouble
  }

  /** How far Docker's newest file was read. */
  get length(): LogLength | undefined {
    return this.#source.length
  }

  /** Lines that were left out and not told of. */
  get missed(): number {
    return this.#missed
  }

  /** The next lines; undefined: there is nothing new. Throws where the log may not be read. */
  read(): Taken | undefined {
    const { allowance } = this.#options
    const chunk = this.#source.read(this.#missed > 0 ? countBytes : readBytes)
    if (!chunk) return undefined
    const lines: KeptLine[] = []
    if (this.#source.takeLost()) {
      this.#begun.clear()
      this.#toSkip = 0
      lines.push(
        this.#note(chunk.to, 'Lines are missing here: Docker had replaced them before they were read'),
      )
    }
    allowance.refill(Date.parse(chunk.to.time))
    if (this.#missed > 0 && allowance.isGood) lines.push(...this.tellMissed())
    if (this.#missed > 0) this.#missed += countLines(chunk.bytes)
    else this.#take(chunk.bytes, chunk.from, lines)
    this.#place = chunk.to
    this.#lastAt = timeOf(chunk.to) || this.#lastAt
    return { lines, cursor: this.#cursor(), isMore: chunk.isFull }
  }

  /** Resolves when `read` gives all that was written before, or that cannot be: somebody has to read meanwhile. */
  upToNow(): Promise<void> {
    return this.#source.upToNow()
  }

  /** The container has been silent, or is gone: what is left to say. */
  finish(options: { readonly isEnd: boolean }): Taken | undefined {
    const lines = this.tellMissed()
    if (options.isEnd) for (const begun of this.#begun.values()) lines.push(this.#line(begun.at, begun.text))
    if (options.isEnd) this.#begun.clear()
    return lines.length === 0 ? undefined : { lines, cursor: this.#cursor(), isMore: false }
  }

  tellMissed(): KeptLine[] {
    if (this.#missed === 0) return []
    const text = `${this.#missed} lines of ${this.#options.process} were missed here: it wrote more than is kept of a burst`
    this.#missed = 0
    return [{ ...this.#line(this.#lastAt || keptNow(), text), isNote: true }]
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]()
  }

  #take(bytes: Buffer, from: LogPlace, lines: KeptLine[]): void {
    const { allowance, hide } = this.#options
    let place = from
    for (const entry of entriesOf(bytes)) {
      const line = this.#join(entry, place)
      place = { inode: place.inode, offset: place.offset + entry.length, time: entry.time }
      if (!line) continue
      this.#count++
      if (this.#toSkip > 0) this.#toSkip--
      else if (this.#missed === 0 && allowance.take(line.text))
        lines.push(this.#line(line.at, hide(line.text)))
      else this.#missed++
    }
    if (this.#missed > 0) this.#begun.clear()
  }

  /** The whole line that ends with `entry`; undefined: it goes on. */
  #join(entry: LogFileEntry, place: LogPlace): { readonly at: string; readonly text: string } | undefined {
    const begun = this.#begun.get(entry.stream)
    if (!begun && entry.isEnd) return entry
    if (begun) begun.text += entry.text
    else if (entry.text !== '')
      this.#begun.set(entry.stream, { at: entry.at, text: entry.text, place, linesBefore: this.#count })
    const line = this.#begun.get(entry.stream)
    if (!line || !(entry.isEnd || line.text.length >= longest)) return undefined
    this.#begun.delete(entry.stream)
    return line
  }

  /** Before the oldest line that has begun, and how many lines after that were taken already. */
  #cursor(): string {
    const oldest = [...this.#begun.values()].sort((one, other) => one.linesBefore - other.linesBefore)[0]
    const place = oldest?.place ?? this.#place ?? { inode: 0, offset: 0, time: '' }
    const skip = this.#toSkip + (oldest ? this.#count - oldest.linesBefore : 0)
    return `${place.inode} ${place.offset} ${place.time || '-'} ${skip} ${this.#missed}`
  }

  #note(place: LogPlace, text: string): KeptLine {
    return { ...this.#line(timeOf(place) || keptNow(), text), isNote: true }
  }

  #line(at: string, text: string): KeptLine {
    const { version, process } = this.#options
    return { at, version, process, isNote: false, text }
  }
}

function parseCursor(
  text: string | undefined,
): { readonly place: LogPlace; readonly skip: number; readonly missed: number } | undefined {
  const [inode, offset, time = '', skip, missed] = text?.split(' ') ?? []
  if (missed === undefined) return undefined
  const place = { inode: Number(inode), offset: Number(offset), time: time === '-' ? '' : time }
  return { place, skip: Number(skip), missed: Number(missed) }
}

const timeOf = ({ time }: LogPlace): string => (time.length > 1 ? withNineDigits(time) : '')
