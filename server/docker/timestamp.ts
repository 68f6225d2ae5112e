/** The engine's `since`, seconds and nanoseconds, of a time such as `2024-05-01T10:00:00.123456789Z`. */
export function engineTime(at: string): string {
  const milliseconds = Date.parse(at)
  if (Number.isNaN(milliseconds)) throw new TypeError(`${at} is not a time`)
  const fraction = /\.(\d{1,9})/.exec(at)?.[1] ?? ''
  return `${Math.floor(milliseconds / 1000)}.${fraction.padEnd(9, '0')}`
}

/** The time of so many nanoseconds since 1970, with all nine digits: as text, such times sort. */
export function timestamp(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, '0')}Z`
}
