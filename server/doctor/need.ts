import type { Paas } from '../paas.ts'

/** What one look at it has shown. */
export type Seen = {
  readonly holds: boolean
  /** One line: `Docker 20.10.24 answers` */
  readonly saw: string
  /** What to type or do; where it does not hold. */
  readonly next?: string
}

/** Something that the server cannot do without: a file in `needs/`, found by being there. */
export type Need = {
  /** Smaller is told first. */
  readonly order: number
  /** As a table names it: `Docker` */
  readonly title: string
  /** What it throws counts as not holding. */
  readonly look: (paas: Paas, signal: AbortSignal) => Promise<Seen>
}
