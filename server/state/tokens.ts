import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'
import type { AppRole } from './people.ts'

export const tokenRoles = ['viewer', 'developer', 'admin', 'server'] as const
/** The most that a token may do on an app; `server`: all that its person may, on the server too. */
export type TokenRole = AppRole | 'server'

export type Token = {
  readonly id: string
  /** What the audit and a session know it by: `token:` and its id. */
  readonly fingerprint: string
  readonly userId: string
  readonly userName: string
  readonly name: string
  readonly role: TokenRole
  /** Ids of the apps that it reaches; `every`: those that its person has at the time. */
  readonly apps: 'every' | ReadonlySet<string>
  /** Fingerprint of the key that it was made with; null: that was not kept. */
  readonly madeWith: string | null
  readonly createdAt: string
  /** ISO time; null: it has no end. */
  readonly expiresAt: string | null
  /** To the minute; null: never. */
  readonly usedAt: string | null
}

export type NewToken = Pick<Token, 'userId' | 'name' | 'role' | 'apps' | 'madeWith' | 'expiresAt'>

const prefix = 'token:'
/** Of 32 bytes in base64url. */
const randomLength = 43
const usedEveryMs = 60_000

/** API tokens: by whom, for what and until when. A secret is told once and kept as a hash alone. */
export class Tokens {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Makes a token; `secret` is what its holder shows, and is kept nowhere. */
  create(token: NewToken): { readonly id: string; readonly secret: string } {
    const id = randomName(10)
    const random = randomBytes(32).toString('base64url')
    this.#database.transaction(() => {
      this.#database.run(
        'INSERT INTO token (id, user_id, name, hash, role, every_app, made_with, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        token.userId,
        token.name,
        hashOf(random).toString('hex'),
        token.role,
        token.apps === 'every' ? 1 : 0,
        token.madeWith,
        new Date().toISOString(),
        token.expiresAt,
      )
      for (const appId of token.apps === 'every' ? [] : token.apps)
        this.#database.run('INSERT INTO token_app (token_id, app_id) VALUES (?, ?)', id, appId)
    })
    return { id, secret: `paas_${id}_${random}` }
  }

  /** The token of a secret; undefined where there is none, it was revoked, or its end has come. Takes as long for each. */
  prove(secret: string): Token | undefined {
    const id = idOfSecret(secret) ?? 'none'
    const random = secret.slice(-randomLength)
    const row = this.#database.get('SELECT hash FROM token WHERE id = ?', id)
    const kept = row === undefined ? nobody : Buffer.from(String(row.hash), 'hex')
    if (!timingSafeEqual(hashOf(random), kept)) return undefined
    return this.live(`${prefix}${id}`)
  }

  /** The token of a fingerprint, unless it was revoked or its end has come; undefined for a key's. */
  live(fingerprint: string): Token | undefined {
    const token = this.find(fingerprint)
    return token && !hasEnded(token) ? token : undefined
  }

  /** The token of a fingerprint, also one whose end has come. */
  find(fingerprint: string): Token | undefined {
    if (!isTokenFingerprint(fingerprint)) return undefined
    return this.#tokens('WHERE token.id = ?', fingerprint.slice(prefix.length))[0]
  }

  /** Oldest first. */
  of(userId: string): readonly Token[] {
    return this.#tokens('WHERE user_id = ?', userId)
  }

  /** By user name, oldest first. */
  all(): readonly Token[] {
    return this.#tokens('')
  }

  /** Ends it: nobody is let in by it any more. */
  revoke(id: string): void {
    this.#database.run('DELETE FROM token WHERE id = ?', id)
  }

  /** Writes down that it was used now, at most once a minute. */
  used({ id, usedAt }: Token): void {
    const now = new Date()
    if (usedAt !== null && now.getTime() - Date.parse(usedAt) < usedEveryMs) return
    this.#database.run('UPDATE token SET used_at = ? WHERE id = ?', now.toISOString(), id)
  }

  #tokens(where: string, ...values: string[]): readonly Token[] {
    return this.#database
      .all(
        `SELECT token.*, user.name AS user_name FROM token JOIN user ON user.id = token.user_id ${where} ORDER BY user.name, token.created_at`,
        ...values,
      )
      .map((row) => this.#toToken(row))
  }

  #toToken(row: Row): Token {
    const id = String(row.id)
    const apps = (): ReadonlySet<string> =>
      new Set(
        this.#database
          .all('SELECT app_id FROM token_app WHERE token_id = ?', id)
          .map((each) => String(each.app_id)),
      )
    return {
      id,
      fingerprint: `${prefix}${id}`,
      userId: String(row.user_id),
      userName: String(row.user_name),
      name: String(row.name),
      role: row.role as TokenRole,
      apps: row.every_app === 1 ? 'every' : apps(),
      madeWith: row.made_with === null ? null : String(row.made_with),
      createdAt: String(row.created_at),
      expiresAt: row.expires_at === null ? null : String(row.expires_at),
      usedAt: row.used_at === null ? null : String(row.used_at),
    }
  }
}

/** The id in what a holder shows; undefined where it has not the form of one. */
export const idOfSecret = (text: string): string | undefined =>
  /^paas_([a-z0-9]{10})_[A-Za-z0-9_-]{43}$/.exec(text)?.[1]

/** `text` with what is secret of each token in it left out. */
export const withoutTokens = (text: string): string =>
  text.replace(/(paas_[a-z0-9]{10}_)[A-Za-z0-9_-]{43}/g, '$1...')

/** Whether it is a token that a session was opened with, and no key. */
export const isTokenFingerprint = (fingerprint: string): boolean => fingerprint.startsWith(prefix)

export const hasEnded = ({ expiresAt }: Pick<Token, 'expiresAt'>): boolean =>
  expiresAt !== null && Date.parse(expiresAt) <= Date.now()

const hashOf = (random: string): Buffer => createHash('sha256').update(random).digest()

/** What no secret has as its hash. */
const nobody = randomBytes(32)
