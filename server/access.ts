import { type Command, changesNothing, type Right } from './command.ts'
import { NotAllowedError } from './errors.ts'
import type { Person } from './ssh/authentication.ts'
import type { App } from './state/apps.ts'
import { type AppRole, appRoles, type User } from './state/people.ts'
import type { Store } from './state/store.ts'
import { isTokenFingerprint } from './state/tokens.ts'

const rolesWith: Readonly<Record<'view' | 'develop' | 'own', readonly AppRole[]>> = {
  view: ['viewer', 'developer', 'admin'],
  develop: ['developer', 'admin'],
  own: ['admin'],
}

/**
 * Who acts in a session, with the rights of now: the person, or what one of his tokens leaves of him. Undefined where
 * the person, or the token, is gone.
 */
export function actorOf(store: Store, { userId, fingerprint }: Person): User | undefined {
  const user = store.people.user(userId)
  if (!user || !isTokenFingerprint(fingerprint)) return user
  const token = store.tokens.live(fingerprint)
  if (token?.userId !== userId) return undefined
  const { apps, role } = token
  const ofAdmin = user.role === 'admin'
  if (role === 'server') return { ...user, scope: { apps: 'every', role: 'admin', ofAdmin } }
  return { ...user, role: 'member', scope: { apps, role, ofAdmin } }
}

/** The role that counts for this person on the app; undefined: he has none, and it does not exist for him. */
export function roleOn(store: Store, user: User, app: App): AppRole | undefined {
  if (user.role === 'admin') return 'admin'
  const { scope } = user
  const held = scope?.ofAdmin ? 'admin' : store.people.roleOn(app.id, user.id)
  if (scope === undefined || held === undefined) return held
  if (scope.apps !== 'every' && !scope.apps.has(app.id)) return undefined
  return appRoles.indexOf(held) < appRoles.indexOf(scope.role) ? held : scope.role
}

/** Whether the app exists for this person at all. */
export function maySee(store: Store, user: User, app: App): boolean {
  return !app.destroying && roleOn(store, user, app) !== undefined
}

export function visibleApps(store: Store, user: User): readonly App[] {
  return store.apps.list().filter((app) => maySee(store, user, app))
}

/**
 * Whether what belongs to the person and to no app, as databases and apps to come, is this one's too: of his tokens it
 * is for those alone that are held neither to some apps nor to a lesser role.
 */
export const actsForPerson = ({ scope }: User): boolean =>
  scope === undefined || (scope.apps === 'every' && scope.role === 'admin')

/** Whether `user` has `right`, where it needs an app to that one, which he may see. */
export function mayUse(store: Store, user: User, right: Right, app: App | undefined): boolean {
  if (user.role === 'admin' || right === 'anyone') return true
  if (right === 'create') return actsForPerson(user)
  if (right === 'admin') return false
  const role = app && roleOn(store, user, app)
  return role !== undefined && rolesWith[right].includes(role)
}

/** Throws `NotAllowedError` unless `mayUse`. */
export function assertRight(store: Store, user: User, right: Right, app: App | undefined): void {
  if (mayUse(store, user, right, app)) return
  if (right === 'create') throw tokenTooNarrow()
  if (right === 'admin')
    throw new NotAllowedError('Only admins of the server may do this', { next: 'Ask an admin' })
  throw new NotAllowedError(`You may not do this${app ? ` to ${app.name}` : ''}`, {
    next: 'Ask an admin of the app',
  })
}

/** Throws `NotAllowedError` where a token may not run `command`, whatever its person may. */
export function assertToken(user: User, command: Command): void {
  if (user.scope === undefined) return
  if (command.keyOnly)
    throw new NotAllowedError('An API token may not do this', { next: 'Do it with your key: ssh paas ...' })
  if (command.right === 'anyone' && !changesNothing(command) && !actsForPerson(user)) throw tokenTooNarrow()
}

const tokenTooNarrow = (): NotAllowedError =>
  new NotAllowedError('This token is held to some apps, or to a lesser role', {
    next: 'Do it with your key, or with a token of tokens:create NAME --all --role admin',
  })
