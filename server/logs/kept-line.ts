/** One line of an app's kept log. */
export type KeptLine = {
  /** RFC 3339 in UTC with nine digits. */
  readonly at: string
  /** Of the release. */
  readonly version: number
  /** `web.1` */
  readonly process: string
  /** Ours, about the log, and not the process's. */
  readonly isNote: boolean
  readonly text: string
}

/** `2026-08-01T10:00:00.123456789Z v12 web.1 text`; `web.1!` where the line is ours. */
export const formatKeptLine = ({ at, version, process, isNote, text }: KeptLine): string =>
  `${at} v${version} ${process}${isNote ? '!' : ''} ${text}\n`

/** undefined: it is none. */
export function parseKeptLine(line: string): KeptLine | undefined {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  const third = line.indexOf(' ', second + 1)
  if (first < 0 || second < 0 || third < 0 || line.charCodeAt(0) === mark) return undefined
  const process = line.slice(second + 1, third)
  const isNote = process.endsWith('!')
  return {
    at: line.slice(0, first),
    version: Number(line.slice(first + 2, second)),
    process: isNote ? process.slice(0, -1) : process,
    isNote,
    text: line.slice(third + 1),
  }
}

/** What begins with it says how far a source was read, and is no line of the log. */
export const cursorMark = '#'
const mark = cursorMark.charCodeAt(0)

/** Now, as a line's `at`. */
export const keptNow = (): string => new Date().toISOString().replace('Z', '000000Z')
