import { assertNameFree } from '../domain-change.ts'
import type { Paas } from '../paas.ts'
import { type App, parseAppName } from '../state/apps.ts'
import type { User } from '../state/people.ts'
import { publishInBackground } from './publish-in-background.ts'

/** An app that is to be, of which `owner` is the admin. */
export type NewApp = { readonly name: string; readonly owner: User }

/** Makes an empty app. Throws `UserError` where its name is taken or malformed. */
export function createApp(paas: Paas, wanted: NewApp): App {
  return createAppWith(paas, wanted, (app) => ({ app })).app
}

/**
 * Makes an app, and `also` what belongs to it, in one transaction: an app that has its first release of a job of its own
 * is never there without that job's entry in the journal, by which a start after a kill takes it away.
 * @returns what `also` returns
 */
export function createAppWith<T extends { readonly app: App }>(
  paas: Paas,
  { name, owner }: NewApp,
  also: (app: App) => T,
): T {
  const made = paas.store.transaction(() => {
    assertNameFree(paas, parseAppName(name), { user: owner })
    const app = paas.store.apps.create(name)
    paas.store.people.grant(app.id, owner.id, 'admin')
    return also(app)
  })
  const { app } = made
  paas.events.record({ type: 'app-created', app, who: owner.name, message: `${app.name} is created` })
  // Its domain says from now on that nothing is deployed yet; nobody has to wait for that.
  publishInBackground(paas, app.id)
  return made
}
