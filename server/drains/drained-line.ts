import type { LogEntry } from '../logs/log-entry.ts'
import { Spool } from '../logs/spool.ts'

/** A line, and the app that wrote it. */
export type DrainedLine = LogEntry & { readonly appId: string }

/** What of a log waits for its drain, at most so many bytes. */
export const drainSpool = (mostBytes: number): Spool<DrainedLine> =>
  new Spool({ mostBytes, sizeOf, missed: missedLine })

/** Time and source beside the text. */
const sizeOf = ({ text }: LogEntry): number => text.length + 64

const missedLine = (count: number, { at, appId }: DrainedLine): DrainedLine => ({
  at,
  appId,
  source: 'app[drain]',
  text: `${count} lines before this one were missed: the drain was down for too long`,
})
