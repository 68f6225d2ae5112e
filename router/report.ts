/** Writes one line with a timestamp to standard error, which is the supervisor's log. */
export type Report = (text: string) => void

export const report: Report = (text) => {
  process.stderr.write(`${new Date().toISOString()} router: ${text.replace(/[\s\p{Cc}]+/gu, ' ')}\n`)
}
