import type { Deed } from './events.ts'

/** So many of one key are written down as they come; what follows within the window is counted. */
const mostInWindow = 10
const windowMs = 60_000

type Window = { count: number; last: Deed }

/**
 * What was refused, bounded: one key that tries again and again must not push out of the audit what others did. Ten a
 * minute of each key are told at once; of more the last, with how many were left out before it, at the minute's end.
 */
export class Refusals {
  readonly #windows = new Map<string, Window>()
  readonly #told: (deed: Deed, more: number) => void
  readonly #windowMs: number

  /** @param told is given a deed that was refused, and how many like it were left out */
  constructor(told: (deed: Deed, more: number) => void, options: { windowMs?: number } = {}) {
    this.#told = told
    this.#windowMs = options.windowMs ?? windowMs
  }

  tell(deed: Deed): void {
    const window = this.#windows.get(deed.fingerprint) ?? this.#open(deed)
    window.count += 1
    window.last = deed
    if (window.count <= mostInWindow) this.#told(deed, 0)
  }

  #open(deed: Deed): Window {
    const window = { count: 0, last: deed }
    this.#windows.set(deed.fingerprint, window)
    setTimeout(() => this.#close(deed.fingerprint, window), this.#windowMs).unref()
    return window
  }

  #close(fingerprint: string, { count, last }: Window): void {
    this.#windows.delete(fingerprint)
    if (count > mostInWindow) this.#told(last, count - mostInWindow - 1)
  }
}
