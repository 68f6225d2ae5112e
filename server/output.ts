import { type AppError, InternalError, PaasError } from './errors.ts'
import { printable } from './git/printable.ts'
import type { Progress } from './progress.ts'

/** Where text goes, a line or more at a time. */
export type Sink = { write(text: string): unknown }

/** One thing that a command says, as data for a program that asks. */
export type Said =
  | { readonly step: string }
  | { readonly heading: string }
  | { readonly detail: string }
  | { readonly trouble: string }
  /** One of what goes on: a line of a log, an event. */
  | { readonly item: unknown }
  /** The answer. */
  | { readonly result: unknown }
  | { readonly error: Failure }

export type Failure = {
  readonly message: string
  /** What to type next. */
  readonly hint: string | null
  /** What the app printed last, where it failed. */
  readonly lines: readonly string[]
  /** It is our bug. */
  readonly internal: boolean
}

export type OutputOptions = {
  readonly stdout: Sink
  readonly stderr: Sink
  /** A person reads: headings and colour are shown, lines end in CR LF. */
  readonly terminal: boolean
  readonly json?: boolean
  readonly quiet?: boolean
  /** With `json`, results are put here instead of printed. */
  readonly collected?: unknown[]
  /** Takes all that is said, in place of the two sinks; they get what commands write byte for byte alone. */
  readonly say?: ((said: Said) => void) | undefined
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
    if (this.#told({ step: printable(text) })) return
    if (this.#talks) this.#write(`${this.#colour('-----> ', '1')}${text}`)
  }

  heading(text: string): void {
    if (this.#told({ heading: printable(text) })) return
    if (this.#talks && (this.terminal || this.#options.headings))
      this.#write(`${this.#colour('=====> ', '1')}${text}`)
  }

  detail(text: string): void {
    if (this.#told({ detail: printable(text) })) return
    if (!this.#talks) return
    this.#write(`       ${text}`)
    this.#shown = [...this.#shown.slice(-mostRepeated), text]
  }

  trouble(text: string): void {
    if (this.#told({ trouble: printable(text) })) return
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
    else if (!this.#told({ result: facts })) this.raw(`${JSON.stringify(facts, null, 2)}\n`)
  }

  /** One of what goes on, as lines of a log do: `facts` as a JSON document in a line of its own, else what `render` prints. */
  item(facts: unknown, render: () => void): void {
    if (!this.json) render()
    else if (!this.#told({ item: facts })) this.raw(`${JSON.stringify(facts)}\n`)
  }

  /** The text as it is, byte for byte; a terminal's lines end in CR LF. */
  raw(text: string): void {
    this.#options.stdout.write(this.terminal ? text.replaceAll('\n', '\r\n') : text)
  }

  /** An error as the person sees it: what failed, the app's last lines unless just shown, what to type next. */
  error(error: PaasError): void {
    const lines = (error as Partial<AppError>).lastLines ?? []
    if (this.#told({ error: failureOf(error, lines) })) return
    const shown = this.#shown.slice(-lines.length)
    if (lines.some((line, index) => line !== shown[index]))
      for (const line of lines) this.#write(`       ${line}`, this.#options.stderr)
    for (const line of error.message.split('\n')) this.trouble(line)
    for (const line of error.next?.split('\n') ?? []) this.#write(`       ${line}`, this.#options.stderr)
  }

  /** Whether it goes to who takes data. */
  #told(said: Said): boolean {
    this.#options.say?.(said)
    return this.#options.say !== undefined
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

const failureOf = (error: PaasError, lines: readonly string[]): Failure => ({
  message: printable(error.message),
  hint: error.next === undefined ? null : printable(error.next),
  lines: lines.map(printable),
  internal: error instanceof InternalError,
})

/** Whatever was thrown, as an error that may be shown; our own bugs get a reference that the log repeats. */
export function presentable(error: unknown, log: (line: string) => void): PaasError {
  if (error instanceof PaasError) return error
  const reference = Math.random().toString(36).slice(2, 10)
  log(`Internal error (${reference}): ${error instanceof Error ? error.stack : String(error)}`)
  return new InternalError(`Internal error (${reference})`, { next: "The server's log says more: make logs" })
}
