import { currentRelease } from '../deploy/release.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { CronEntry } from '../source/cron-entries.ts'
import type { App } from '../state/apps.ts'

/** Tells an entry's id from an app's name. */
export const looksLikeEntry = (word: string): boolean => /^[0-9a-f]{8}$/.test(word)

/** The entry of this id in the release that serves. Throws `UserError`. */
export function findEntry(paas: Paas, app: App, id: string): CronEntry {
  const { cron } = currentRelease(paas, app)
  const entry = cron.find((each) => each.id === id)
  if (entry) return entry
  throw new UserError(`${app.name} has no cron entry "${id.slice(0, 40)}"`, {
    next:
      cron.length === 0 ? 'They come with the app: "cron" in app.json' : `Its entries: cron:list ${app.name}`,
  })
}
