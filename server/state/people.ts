import { UserError } from '../errors.ts'
import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'

export type User = {
  readonly id: string
  readonly name: string
  /** An admin may do everything; a member has the apps that he made or was given. */
  readonly role: 'admin' | 'member'
  /** Where a token acts for him: what it is held to. */
  readonly scope?: Scope
}

/** What is left of a person's rights to one of his API tokens. */
export type Scope = {
  /** Ids of the apps that exist for it. */
  readonly apps: 'every' | ReadonlySet<string>
  /** The most that it may do on one. */
  readonly role: AppRole
  /** The person is an admin of the server: he has every app. */
  readonly ofAdmin: boolean
}

export const appRoles = ['viewer', 'developer', 'admin'] as const
export type AppRole = (typeof appRoles)[number]

export type Key = {
  /** `SHA256:...` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly userId: string
  readonly userName: string
  readonly publicLine: string
  /** App id set with `apps:use`. */
  readonly defaultApp: string | null
  readonly addedAt: string
}

/** Users, their keys, and their roles on apps. */
export class People {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  createUser(name: string, role: User['role']): User {
    if (!/^[a-z0-9][a-z0-9._@-]{0,62}$/i.test(name)) {
      throw new UserError(`"${name.slice(0, 60)}" cannot be a user's name`, {
        next: 'Use letters, digits and . _ @ -',
      })
    }
    const user: User = { id: randomName(10), name, role }
    this.#database.run(
      'INSERT INTO user (id, name, role, created_at) VALUES (?, ?, ?, ?)',
      user.id,
      name,
      role,
      new Date().toISOString(),
    )
    return user
  }

  userByName(name: string): User | undefined {
    return toUser(this.#database.get('SELECT * FROM user WHERE name = ?', name))
  }

  user(id: string): User | undefined {
    return toUser(this.#database.get('SELECT * FROM user WHERE id = ?', id))
  }

  users(): readonly User[] {
    return this.#database.all('SELECT * FROM user ORDER BY name').flatMap((row) => toUser(row) ?? [])
  }

  /** With all keys and roles. */
  removeUser(id: string): void {
    this.#database.run('DELETE FROM user WHERE id = ?', id)
  }

  addKey(key: { fingerprint: string; userId: string; publicLine: string }): void {
    this.#database.run(
      'INSERT INTO key (fingerprint, user_id, public_line, added_at) VALUES (?, ?, ?, ?)',
      key.fingerprint,
      key.userId,
      key.publicLine,
      new Date().toISOString(),
    )
  }

  key(fingerprint: string): Key | undefined {
    return toKey(
      this.#database.get(
        'SELECT key.*, user.name AS user_name FROM key JOIN user ON user.id = key.user_id WHERE fingerprint = ?',
        fingerprint,
      ),
    )
  }

  keys(): readonly Key[] {
    return this.#database
      .all(
        'SELECT key.*, user.name AS user_name FROM key JOIN user ON user.id = key.user_id ORDER BY user.name, added_at',
      )
      .flatMap((row) => toKey(row) ?? [])
  }

  removeKey(fingerprint: string): void {
    this.#database.run('DELETE FROM key WHERE fingerprint = ?', fingerprint)
  }

  setDefaultApp(fingerprint: string, appId: string | null): void {
    this.#database.run('UPDATE key SET default_app = ? WHERE fingerprint = ?', appId, fingerprint)
  }

  roleOn(appId: string, userId: string): AppRole | undefined {
    const row = this.#database.get('SELECT role FROM access WHERE app_id = ? AND user_id = ?', appId, userId)
    return row?.role as AppRole | undefined
  }

  /** By user name. */
  rolesOn(appId: string): readonly { readonly user: string; readonly role: AppRole }[] {
    return this.#database
      .all(
        'SELECT user.name, access.role FROM access JOIN user ON user.id = access.user_id WHERE app_id = ? ORDER BY user.name',
        appId,
      )
      .map((row) => ({ user: String(row.name), role: row.role as AppRole }))
  }

  /** A user's roles, by app name. */
  rolesOf(userId: string): readonly { readonly app: string; readonly role: AppRole }[] {
    return this.#database
      .all(
        'SELECT app.name, access.role FROM access JOIN app ON app.id = access.app_id WHERE user_id = ? ORDER BY app.name',
        userId,
      )
      .map((row) => ({ app: String(row.name), role: row.role as AppRole }))
  }

  /** False where there was no role. */
  revoke(appId: string, userId: string): boolean {
    return this.#database.run('DELETE FROM access WHERE app_id = ? AND user_id = ?', appId, userId) > 0
  }

  grant(appId: string, userId: string, role: AppRole): void {
    this.#database.run(
      'INSERT INTO access (app_id, user_id, role) VALUES (?, ?, ?) ON CONFLICT (app_id, user_id) DO UPDATE SET role = excluded.role',
      appId,
      userId,
      role,
    )
  }
}

function toUser(row: Row | undefined): User | undefined {
  return row && { id: String(row.id), name: String(row.name), role: row.role as User['role'] }
}

function toKey(row: Row | undefined): Key | undefined {
  return (
    row && {
      fingerprint: String(row.fingerprint),
      userId: String(row.user_id),
      userName: String(row.user_name),
      publicLine: String(row.public_line),
      defaultApp: row.default_app === null ? null : String(row.default_app),
      addedAt: String(row.added_at),
    }
  )
}
