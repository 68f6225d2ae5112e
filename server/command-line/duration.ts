const units = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const

/** A duration as people say it, in its two largest units: `3 days 4 hours`, `12 minutes`, `1 second`. */
export function durationText(ms: number): string {
  const first = units.findIndex((unit) => ms >= unit.ms)
  if (first < 0) return '0 seconds'
  let rest = ms
  const parts = units.slice(first, first + 2).flatMap((unit) => {
    const count = Math.floor(rest / unit.ms)
    rest -= count * unit.ms
    return count === 0 ? [] : [`${count} ${unit.name}${count === 1 ? '' : 's'}`]
  })
  return parts.join(' ')
}
