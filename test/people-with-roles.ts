import type { Right } from '../server/command.ts'
import type { Store } from '../server/state/store.ts'

/** Named for what each of them may at most. */
export const people = ['member', 'viewer', 'developer', 'app-admin', 'server-admin'] as const
export type Person = (typeof people)[number]

/** Two apps, `own` and `foreign`, and `people` with their roles on `own`. */
export function addPeopleWithRoles(store: Store): void {
  const own = store.apps.create('own')
  store.apps.create('foreign')
  for (const name of people) {
    const user = store.people.createUser(name, name === 'server-admin' ? 'admin' : 'member')
    if (name === 'viewer' || name === 'developer') store.people.grant(own.id, user.id, name)
    if (name === 'app-admin') store.people.grant(own.id, user.id, 'admin')
  }
}

/** Who has a right, on `own` where it is one to an app. */
export const needs: Readonly<Record<Right, readonly Person[]>> = {
  anyone: people,
  create: people,
  view: ['viewer', 'developer', 'app-admin', 'server-admin'],
  develop: ['developer', 'app-admin', 'server-admin'],
  own: ['app-admin', 'server-admin'],
  admin: ['server-admin'],
}

/** Whether the app, `own`, `foreign` or `absent`, exists for this person. */
export const sees = (person: Person, app: string): boolean =>
  app !== 'absent' && (person === 'server-admin' || (app === 'own' && person !== 'member'))
