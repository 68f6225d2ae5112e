import { say } from '../say.ts'
import { findingsTable } from './findings-table.ts'
import type { Finding } from './section.ts'

/** Shows the findings under `heading`, and how many promises fall short: then the script's exit code is 1. */
export function sayFindings(heading: string, findings: readonly Finding[]): void {
  say.heading(heading)
  say.detail(findingsTable(findings).join('\n'))
  const short = findings.filter(({ holds }) => !holds)
  if (short.length > 0) process.exitCode = 1
  say.heading(
    short.length === 0 ? 'Every promise held' : `${short.length} of ${findings.length} promises fall short`,
  )
}
