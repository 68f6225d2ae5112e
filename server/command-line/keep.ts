/** How many images an app keeps, from 2 (what serves and what it replaced) to 100; undefined where `word` is none of these. */
export function parseKeep(word: string): number | undefined {
  const number = /^\d{1,3}$/.test(word) ? Number(word) : 0
  return number >= 2 && number <= 100 ? number : undefined
}
