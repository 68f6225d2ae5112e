import { parseSize } from './size.ts'

/** What `parseLogSize` takes, as an error says it. */
export const logSizes = 'a size from 1m to 10g, such as 100m'

/** Bytes that an app's kept log may take; undefined: it is no such size. */
export function parseLogSize(text: string): number | undefined {
  const bytes = parseSize(text)
  return bytes !== undefined && bytes >= 2 ** 20 && bytes <= 10 * 2 ** 30 ? bytes : undefined
}
