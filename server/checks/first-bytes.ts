import { printable } from '../git/printable.ts'

const most = 200

/** The beginning of what an app said, on one line, without colours or control characters. */
export function firstBytes(text: string): string {
  const line = printable(text.slice(0, most * 4))
    .replace(/\x1b\[[0-9;:]*m/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length <= most ? line : `${line.slice(0, most)}...`
}
