import { type Figures, median } from './pairs.ts'

/** One line of the table: ours, what it is held against, and what we promise of the two. */
export type Row = {
  readonly what: string
  readonly ours: Figures
  readonly others: readonly { readonly name: string; readonly figures: Figures }[]
  /** Ours is at most so many times the fastest of the others; undefined: for information. */
  readonly promise?: number
}

/** The rows as lines of text, aligned, and which promises fall short. */
export function table(rows: readonly Row[]): { readonly lines: readonly string[]; readonly short: string[] } {
  const short: string[] = []
  const cells = rows.flatMap((row, index) => {
    const fastest = Math.min(...row.others.map(({ figures }) => median(figures)))
    const ratio = median(row.ours) / fastest
    const holds = row.promise === undefined || ratio <= row.promise
    if (!holds) short.push(`${row.what}: ${ratio.toFixed(2)} times instead of ${row.promise} at most`)
    const verdict =
      row.promise === undefined ? '' : `at most ${row.promise}: ${holds ? 'holds' : 'FALLS SHORT'}`
    // Rows that are held against the same stand together below it.
    const others = row.others === rows[index - 1]?.others ? [] : row.others
    return [
      ...others.map(({ name, figures }) => [name, ...milliseconds(figures), '', '']),
      [`  ${row.what}`, ...milliseconds(row.ours), `${ratio.toFixed(2)} x`, verdict],
    ]
  })
  const all = [['', 'median', 'min..max', 'ratio', 'promise'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  const lines = all.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return { lines, short }
}

function milliseconds(figures: Figures): readonly string[] {
  const whole = (value: number): string => value.toFixed(0)
  return [`${whole(median(figures))} ms`, `${whole(Math.min(...figures))}..${whole(Math.max(...figures))}`]
}
