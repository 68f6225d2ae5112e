import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Container } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'

/** One thing that is wrong, or that one should know. */
export type Finding = {
  /** One sentence: `web.1 was killed: out of memory (limit 512 MB)` */
  readonly what: string
  /** Lines below it: last lines, what was seen. */
  readonly details?: readonly string[]
  /** The command that helps, as it is typed after `ssh paas`, or whole: `git push paas:blog main`. */
  readonly next: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** What every cause looks at; read once. */
export type Scene = {
  readonly paas: Paas
  readonly app: App
  /** The one that serves. */
  readonly release: Release | undefined
  readonly live: readonly Container[]
  /** Aborts when the time for looking is over. */
  readonly signal: AbortSignal
}

/** One reason why an app may not answer: a file in `causes/`, found by being there. */
export type Cause = {
  /** Smaller is told first. */
  readonly order: number
  /** Completes "looked at ...": `whether Docker answers` */
  readonly looksAt: string
  /** May throw where a part does not answer: then it is said that this could not be looked at. */
  readonly look: (scene: Scene) => Promise<readonly Finding[]> | readonly Finding[]
}
