import type { Right } from './command.ts'
import { NotAllowedError } from './errors.ts'
import type { App } from './state/apps.ts'
import type { AppRole, User } from './state/people.ts'
import type { Store } from './state/store.ts'

const rolesWith: Readonly<Record<'view' | 'develop' | 'own', readonly AppRole[]>> = {
  view: ['viewer', 'developer', 'admin'],
  develop: ['developer', 'admin'],
  own: ['admin'],
}

/** Whether the app exists for this person at all. */
export function maySee(store: Store, user: User, app: App): boolean {
  return !app.destroying && (user.role === 'admin' || store.people.roleOn(app.id, user.id) !== undefined)
}

export function visibleApps(store: Store, user: User): readonly App[] {
  return store.apps.list().filter((app) => maySee(store, user, app))
}

/** Whether `user` has `right`, where it needs an app to that one, which he may see. */
export function mayUse(store: Store, user: User, right: Right, app: App | undefined): boolean {
  if (user.role === 'admin' || right === 'anyone' || right === 'create') return true
  if (right === 'admin') return false
  const role = app && store.people.roleOn(app.id, user.id)
  return role !== undefined && rolesWith[right].includes(role)
}

/** Throws `NotAllowedError` unless `mayUse`. */
export function assertRight(store: Store, user: User, right: Right, app: App | undefined): void {
  if (mayUse(store, user, right, app)) return
  if (right === 'admin')
    throw new NotAllowedError('Only admins of the server may do this', { next: 'Ask an admin' })
  throw new NotAllowedError(`You may not do this${app ? ` to ${app.name}` : ''}`, {
    next: 'Ask an admin of the app',
  })
}
