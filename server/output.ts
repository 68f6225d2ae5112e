import { type AppError, PaasError } from './errors.ts'
import { printable } from './git/printable.ts'
import type { Progress } from './progress.ts'

/** Where text goes, a line or more at a time. */
export type Sink = { write(text: string): unknown }

export type OutputOptions = {
  readonly stdout: Sink
  readonly stderr: Sink
  /** A person reads: headings and colour are shown, lines end in CR LF. */
  readonly terminal: boolean
  readonly json?: boolean
  readonly quiet?: boolean
  /** With `json`, results are put here instead of printed. */
  readonly collected?: unknown[]
  /** Headings also without a terminal: a push's output is always read by a person. */
  readonly headings?: boolean
}

/** What a command says, in the forms that fingers know. Text from outside may stand in any of its strings. */
export class Output implements Progress {
  readonly json: boolean
  readonly terminal: boolean
  readonly #options: OutputOptions
  /** The details that were shown last. */
  #shown: string[] = []

  constructor(options: OutputOptions) {
    this.#options = options
    this.json = options.json ?? false
    this.terminal = options.terminal
  }

  step(text: string): void {
    if (this.#talks) this.#write(`${this.#colour('-----> ', '1')}${text}`)
  }

  heading(text: string): void {
    if (this.#talks && (this.terminal || this.#options.headings))
      this.#write(`${this.#colour('=====> ', '1')}${text}`)
  }

  detail(text: string): void {
    if (!this.#talks) return
    this.#write(`       ${text}`)
    this.#shown = [...this.#shown.slice(-mostRepeated), text]
  }

  trouble(text: string): void {
    this.#write(`${this.#colour(' !     ', '31')}${text}`, this.#options.stderr)
  }

  /** One line of the answer itself. */
  line(text: string): void {
    if (!this.json) this.#write(text)
  }

  /** Rows with their columns aligned; a header row only on a terminal. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const shown = this.terminal ? [header, ...rows] : rows
    const widths = header.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)))
    for (const row of shown)
      this.line(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      )
  }

  /** The answer: `facts` as one JSON document where that was asked for, else what `render` prints. */
  result(facts: unknown, render: () => void): void {
    if (!this.json) render()
    else if (this.#options.collected) this.#options.collected.push(facts)
    else this.raw(`${JSON.stringify(facts, null, 2)}\n`)
  }

  /** The text as it is, byte for byte; a terminal's lines end in CR LF. */
  raw(text: string): void {
    this.#options.stdout.write(this.terminal ? text.replaceAll('\n', '\r\n') : text)
  }

  /** An error as the person sees it: what failed, the app's last lines unless just shown, what to type next. */
  error(error: PaasError): void {
    const lines = (error as Partial<AppError>).lastLines ?? []
    const shown = this.#shown.slice(-lines.length)
    if (lines.some((line, index) => line !== shown[index]))
      for (const line of lines) this.#write(`       ${line}`, this.#options.stderr)
    for (const line of error.message.split('\n')) this.trouble(line)
    for (const line of error.next?.split('\n') ?? []) this.#write(`       ${line}`, this.#options.stderr)
  }

  get #talks(): boolean {
    return !this.json && !this.#options.quiet
  }

  #write(text: string, to: Sink = this.#options.stdout): void {
    const safe = printable(text.replaceAll('\r', ''))
    to.write(this.terminal ? `${safe.replaceAll('\n', '\r\n')}\r\n` : `${safe}\n`)
  }

  #colour(text: string, code: string): string {
    return this.terminal ? `\x1b[${code}m${text}\x1b[0m` : text
  }
}

const mostRepeated = 50

/** Whatever was thrown, as an error that may be shown; our own bugs get a reference that the log repeats. */
export function presentable(error: unknown, log: (line: string) => void): PaasError {
  if (error instanceof PaasError) return error
  const reference = Math.random().toString(36).slice(2, 10)
  log(`Internal error (${reference}): ${error instanceof Error ? error.stack : String(error)}`)
  return new PaasError(`Internal error (${reference})`, { next: "The server's log says more: make logs" })
}
