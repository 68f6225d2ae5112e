/**
 * How many lines an app may write: so many at once, and so many a second from then on, by the times of the lines
 * themselves. What a server that was away finds is judged by when it was written.
 */
export class Allowance {
  #left = burstLines
  #atMs = 0

  /** Lines may be taken again only when some of them can. */
  get isGood(): boolean {
    return this.#left >= goodLines
  }

  /** @param atMs time of the newest line */
  refill(atMs: number): void {
    if (!(atMs > this.#atMs)) return
    if (this.#atMs > 0)
      this.#left = Math.min(burstLines, this.#left + ((atMs - this.#atMs) / 1000) * linesPerSecond)
    this.#atMs = atMs
  }

  /** False: the line is over it. A long line counts as several. */
  take(text: string): boolean {
    if (this.#left < 1) return false
    this.#left -= 1 + Math.floor(text.length / longLine)
    return true
  }
}

const burstLines = 250_000
const linesPerSecond = 5_000
const goodLines = 10_000
const longLine = 1_024
