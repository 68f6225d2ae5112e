import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { formatOutputLine, type OutputLine, parseOutputLines } from './output-line.ts'

export type OutputLimits = {
  /** Of each of the three files: the beginning, and twice the end. */
  readonly fileBytes: number
  readonly lineLength: number
}

export const outputLimits: OutputLimits = { fileBytes: 256 * 1024, lineLength: 4_000 }

const recentLines = 1_000

/**
 * Keeps what one job prints: its beginning in `PATH.log`, and once that is full, the newest lines in `PATH.end` and
 * `PATH.end.before`. Each line is with the kernel when `write` returns, so that a killed server loses none. Never
 * throws: where the disk is full, lines are still there for those who follow.
 */
export class OutputFile implements Disposable {
  readonly #path: string
  readonly #limits: OutputLimits
  readonly #recent: OutputLine[] = []
  #file: number | undefined
  #bytes = 0
  #last = 0
  #atEnd = false
  #isFull = false
  #changed = Promise.withResolvers<void>()

  /** Goes on after what is there already. */
  constructor(path: string, limits: OutputLimits = outputLimits) {
    this.#path = path
    this.#limits = limits
    this.#atEnd = existsSync(endOf(path))
    this.#last = readOutput(path).at(-1)?.number ?? 0
  }

  /** Resolves with the next line, and when it is closed. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  write(text: string): void {
    const at = new Date().toISOString()
    for (const line of text.replace(/\n$/, '').split('\n')) this.#keep(line, at)
    this.#wake()
  }

  /** The lines from `number` on. */
  since(number: number): readonly OutputLine[] {
    const first = this.#recent[0]
    const lines = first === undefined || first.number <= number ? this.#recent : readOutput(this.#path)
    return lines.filter((line) => line.number >= number)
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
    this.#wake()
  }

  #keep(text: string, at: string): void {
    const { lineLength } = this.#limits
    const kept = text.length > lineLength ? `${text.slice(0, lineLength)} ...` : text
    const line = { number: ++this.#last, at, text: kept }
    this.#recent.push(line)
    if (this.#recent.length > 2 * recentLines) this.#recent.splice(0, recentLines)
    if (this.#isFull) return
    try {
      this.#append(Buffer.from(formatOutputLine(line)))
    } catch {
      // A full disk or a folder that is gone must not end the job that prints.
      this.#isFull = true
    }
  }

  #append(bytes: Buffer): void {
    if (this.#file === undefined) this.#open()
    else if (this.#bytes + bytes.length > this.#limits.fileBytes) this.#next()
    if (this.#file === undefined) return
    writeSync(this.#file, bytes)
    this.#bytes += bytes.length
  }

  #open(): void {
    const path = this.#atEnd ? endOf(this.#path) : beginningOf(this.#path)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = statSync(path).size
    // What a crash has torn stays a line of its own.
    if (this.#bytes > 0 && readFileSync(path).at(-1) !== 10) this.#bytes += writeSync(this.#file, '\n')
  }

  #next(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
    if (this.#atEnd) renameSync(endOf(this.#path), beforeOf(this.#path))
    this.#atEnd = true
    this.#open()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** What is kept at `path`, oldest first; empty where nothing is. */
export function readOutput(path: string): readonly OutputLine[] {
  return filesOf(path)
    .filter((file) => existsSync(file))
    .flatMap((file) => parseOutputLines(readFileSync(file, 'utf8')))
}

/** Every file that an output at `path` may have, in the order of its lines. */
export const filesOf = (path: string): readonly string[] => [beginningOf(path), beforeOf(path), endOf(path)]

const beginningOf = (path: string): string => `${path}.log`
const endOf = (path: string): string => `${path}.end`
const beforeOf = (path: string): string => `${path}.end.before`
