import { domainToASCII } from 'node:url'
import { UserError } from '../errors.ts'
import type { Database } from './database.ts'

/**
 * `text` as a host name is looked up: lower case, IDN as punycode, no final dot. Throws `UserError`.
 * `*.parent` is taken; a bare `*`, an address or a port is not.
 */
export function parseDomain(text: string): string {
  const wildcard = text.startsWith('*.')
  const host = domainToASCII((wildcard ? text.slice(2) : text).toLowerCase().replace(/\.$/, ''))
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  const valid = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`).test(host)
  // domainToASCII reads a URL's host: it cuts at `/`, `?` and `#`, drops `user@`, decodes %2e.
  const foreign = /[\x00-\x2c\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/.test(wildcard ? text.slice(2) : text)
  if (foreign || !valid || /^[0-9.]+$/.test(host)) {
    throw new UserError(`"${text.slice(0, 100)}" cannot be a domain`, {
      next: 'Use a host name alone: www.example.com',
    })
  }
  return wildcard ? `*.${host}` : host
}

/**
 * `text` as a domain of an app: a host name as `parseDomain` reads it, alone or with the path that the app answers below
 * (`example.com/api`). Throws `UserError`.
 */
export function parseAppDomain(text: string): string {
  const [host = '', ...segments] = text.split('/')
  if (segments.length === 0 || text.startsWith('/') || text.includes('://')) return parseDomain(text)
  if (segments.at(-1) === '') segments.pop()
  // Only what every program reads alike: encoded, doubled and relative segments are other paths to some.
  const isPlain = segments.every(
    (segment) => /^[A-Za-z0-9._~-]+$/.test(segment) && !/^\.{1,2}$/.test(segment),
  )
  if (!isPlain || segments.join('/').length > 200)
    throw new UserError(`"${text.slice(0, 100)}" has a path that cannot be a domain's`, {
      next: 'Use whole segments of letters, digits and . _ ~ - alone: www.example.com/api',
    })
  return [parseDomain(host), ...segments].join('/')
}

/** The host name of an app's domain. */
export const hostOf = (domain: string): string => domain.split('/', 1)[0] ?? domain

/** Host names that apps answer to beside `NAME.DOMAIN`, and paths of host names; each belongs to one app. */
export class Domains {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): readonly string[] {
    return this.#database
      .all('SELECT host FROM domain WHERE app_id = ? ORDER BY rowid', appId)
      .map((row) => String(row.host))
  }

  /** App id of the owner. */
  ownerOf(host: string): string | undefined {
    const row = this.#database.get('SELECT app_id FROM domain WHERE host = ?', host)
    return row && String(row.app_id)
  }

  /** Ids of the apps that have a path of `host`. */
  withPathOf(host: string): readonly string[] {
    return this.#database
      .all("SELECT DISTINCT app_id FROM domain WHERE substr(host, 1, length(?) + 1) = ? || '/'", host, host)
      .map((row) => String(row.app_id))
  }

  add(appId: string, host: string): void {
    this.#database.run('INSERT INTO domain (host, app_id) VALUES (?, ?)', host, appId)
  }

  remove(appId: string, host: string): boolean {
    return this.#database.run('DELETE FROM domain WHERE app_id = ? AND host = ?', appId, host) > 0
  }

  clear(appId: string): void {
    this.#database.run('DELETE FROM domain WHERE app_id = ?', appId)
  }
}
