import type { Finding } from './section.ts'

/** The findings as lines of text, aligned, in the order of their rows. */
export function findingsTable(findings: readonly Finding[]): readonly string[] {
  const rows = [...findings].sort((one, other) => one.row.localeCompare(other.row, 'en', { numeric: true }))
  const cells = rows.map(({ row, promise, measured, holds }) => [
    row,
    promise,
    measured,
    holds ? 'held' : 'FALLS SHORT',
  ])
  const all = [['row', 'promise', 'measured', ''], ...cells]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  return all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
