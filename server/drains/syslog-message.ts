import { printable } from '../git/printable.ts'
import type { LogEntry } from '../logs/log-entry.ts'

/** user.info */
const priority = 14

/**
 * One line of an app's log as RFC 5424 has it, its length before it (RFC 6587, octet counting).
 * @param origin.host HOSTNAME, the server's domain
 * @param origin.app APP-NAME; PROCID is `web.1` or `router`
 */
export function syslogMessage(
  { at, source, text }: LogEntry,
  origin: { readonly host: string; readonly app: string },
): Buffer {
  // Microseconds are the finest that the format knows.
  const time = at.replace(/(\.\d{6})\d+Z$/, '$1Z')
  const process = /\[(.*)\]$/.exec(source)?.[1] ?? source
  const message = Buffer.from(
    `<${priority}>1 ${time} ${origin.host} ${origin.app} ${process} - - ${printable(text.replaceAll('\r', ''))}`,
  )
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}
