const units: readonly string[] = ['k', 'm', 'g', 't']

/** `500m`, `2g`, `1.5g` or a number of bytes, in bytes (a `k` is 1024); undefined where it is none of these. */
export function parseSize(word: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(?:([kmgt])i?b?)?$/i.exec(word)
  if (!match?.[1]) return undefined
  const power = match[2] === undefined ? 0 : units.indexOf(match[2].toLowerCase()) + 1
  const bytes = Math.round(Number(match[1]) * 1024 ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A number of bytes as people read it: `512 B`, `3.4 MB`, `12 GB`; a kB is 1024 of them. */
export function sizeText(bytes: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const value = bytes / 1024 ** power
  const digits = power === 0 || value >= 10 ? 0 : 1
  return `${value.toFixed(digits)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}
