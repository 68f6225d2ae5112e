import { type Figures, median } from './pairs.ts'

/** One line of the table: ours, what it is held against, and what we promise of the two. */
export type Row = {
  readonly what: string
  readonly ours: Figures
  readonly others: readonly { readonly name: string; readonly figures: Figures }[]
  /**
   * Ours is at most so many times the fastest of the others, or so much longer; or so many times, where it is not within
   * a time of its own. undefined: for information.
   */
  readonly promise?: number | { readonly plusMs: number } | { readonly times: number; readonly orMs: number }
}

/** The rows as lines of text, aligned, and which promises fall short. */
export function table(rows: readonly Row[]): { readonly lines: readonly string[]; readonly short: string[] } {
  const short: string[] = []
  const cells = rows.flatMap((row, index) => {
    const fastest = Math.min(...row.others.map(({ figures }) => median(figures)))
    const { compared, most, holds } = against(row.promise, median(row.ours), fastest)
    if (!holds) short.push(`${row.what}: ${compared} instead of ${most} at most`)
    const verdict = row.promise === undefined ? '' : `at most ${most}: ${holds ? 'holds' : 'FALLS SHORT'}`
    // Rows that are held against the same stand together below it.
    const others = row.others === rows[index - 1]?.others ? [] : row.others
    return [
      ...others.map(({ name, figures }) => [name, ...milliseconds(figures), '', '']),
      [`  ${row.what}`, ...milliseconds(row.ours), compared, verdict],
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

function against(
  promise: Row['promise'],
  ours: number,
  theirs: number,
): { readonly compared: string; readonly most: string; readonly holds: boolean } {
  if (typeof promise === 'object' && 'plusMs' in promise) {
    const more = ours - theirs
    const sign = more < 0 ? '' : '+'
    return {
      compared: `${sign}${more.toFixed(1)} ms`,
      most: `+${promise.plusMs} ms`,
      holds: more <= promise.plusMs,
    }
  }
  const ratio = ours / theirs
  if (typeof promise === 'object') {
    const { times, orMs } = promise
    return {
      compared: `${ratio.toFixed(2)} x`,
      most: `${times} or ${orMs} ms`,
      holds: ratio <= times || ours <= orMs,
    }
  }
  return {
    compared: `${ratio.toFixed(2)} x`,
    most: promise === undefined ? '' : promise.toFixed(2).replace(/0$/, ''),
    holds: promise === undefined || ratio <= promise,
  }
}

function milliseconds(figures: Figures): readonly string[] {
  const whole = (value: number): string => value.toFixed(0)
  return [`${whole(median(figures))} ms`, `${whole(Math.min(...figures))}..${whole(Math.max(...figures))}`]
}
