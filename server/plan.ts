import type { Paas } from './paas.ts'
import type { App } from './state/apps.ts'

/** What a command was about to change when it ended, since it was typed with `--plan`: nothing is changed. */
export class Planned extends Error {
  readonly lines: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>

  constructor(lines: readonly string[], facts: Readonly<Record<string, unknown>> = {}) {
    super('Planned')
    this.lines = lines
    this.facts = facts
  }
}

/** The line of a change that makes a release, or waits for one. */
export function releaseLine(
  paas: Pick<Paas, 'store'>,
  app: App,
  { restart }: { readonly restart: boolean },
): string {
  if (app.release === null) return 'it counts from the first deploy on'
  if (!restart) return 'pending until the next release'
  const next = paas.store.releases.nextVersion(app.id)
  return `release: v${next} in place of v${app.release}, without a build; its containers are replaced`
}

/** The line of a change that brings a new image. */
export const nextReleaseLine = (paas: Pick<Paas, 'store'>, app: App): string =>
  `release: v${paas.store.releases.nextVersion(app.id)}${app.release === null ? '' : ` in place of v${app.release}`}`

/** `deploy-branch: main -> production`; undefined where both are the same. */
export const changeLine = (
  what: string,
  from: string | number | null | undefined,
  to: string | number | null,
): string | undefined => (from === to ? undefined : `${what}: ${from ?? 'by rule'} -> ${to ?? 'by rule'}`)
