/** One line of an app's log. */
export type LogEntry = {
  /** RFC 3339 in UTC; sorts as text. */
  readonly at: string
  /** `app[web.1]`, `app[router]` or `app[build]` */
  readonly source: string
  readonly text: string
}

/** `2026-08-01T10:00:00.123456789Z app[web.1]: text` */
export const formatLogEntry = (entry: LogEntry): string => `${entry.at} ${entry.source}: ${entry.text}`
