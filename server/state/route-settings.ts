import type { Database } from './database.ts'

/** How an app's people want its requests treated. */
export type RouteSettings = {
  /** Plain requests are sent on to https, where there is a certificate. */
  readonly redirect: boolean
  /** Browsers are told to ask by https alone for a year. */
  readonly hsts: boolean
  /** A certificate authority is asked for its certificate, again and again. */
  readonly letsencrypt: boolean
  /** Larger requests are refused; null: none is too large. */
  readonly bodyLimitBytes: number | null
  /** How long the app may be silent; null: an hour. */
  readonly timeLimitMs: number | null
  /** How many requests of one address are let through within 10 s; null: all. */
  readonly rateLimit: number | null
  /** A visitor comes to the same container again. */
  readonly sticky: boolean
  /** Text is compressed for those who take it. */
  readonly gzip: boolean
  /** Which of its domains the others send visitors on to; null: none. */
  readonly canonical: string | null
  /** HTML in place of our pages of 502, 503 and 504; null: ours. */
  readonly errorPage: string | null
}

type Kept<Value> = {
  readonly key: string
  read(text: string | undefined): Value
  write(value: Value): string | null
}

const onOff = (key: string, byRule: boolean): Kept<boolean> => ({
  key,
  read: (text) => (text === undefined ? byRule : text === 'on'),
  write: (value) => (value ? 'on' : 'off'),
})
const amount = (key: string): Kept<number | null> => ({
  key,
  read: (text) => (text === undefined ? null : Number(text)),
  write: (value) => (value === null ? null : String(value)),
})
const text = (key: string): Kept<string | null> => ({
  key,
  read: (kept) => kept ?? null,
  write: (value) => value,
})

const kept: { readonly [Name in keyof RouteSettings]: Kept<RouteSettings[Name]> } = {
  redirect: onOff('redirect', true),
  hsts: onOff('hsts', false),
  letsencrypt: onOff('letsencrypt', false),
  bodyLimitBytes: amount('body-limit'),
  timeLimitMs: amount('time-limit'),
  rateLimit: amount('rate-limit'),
  sticky: onOff('sticky', false),
  gzip: onOff('gzip', false),
  canonical: text('canonical'),
  errorPage: text('error-page'),
}

export class RouteSettingsOfApps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): RouteSettings {
    const rows = this.#database.all('SELECT name, value FROM route_setting WHERE app_id = ?', appId)
    const values = new Map(rows.map((row) => [row.name, String(row.value)]))
    const read = <Name extends keyof RouteSettings>(name: Name): RouteSettings[Name] =>
      kept[name].read(values.get(kept[name].key))
    return {
      redirect: read('redirect'),
      hsts: read('hsts'),
      letsencrypt: read('letsencrypt'),
      bodyLimitBytes: read('bodyLimitBytes'),
      timeLimitMs: read('timeLimitMs'),
      rateLimit: read('rateLimit'),
      sticky: read('sticky'),
      gzip: read('gzip'),
      canonical: read('canonical'),
      errorPage: read('errorPage'),
    }
  }

  set<Name extends keyof RouteSettings>(appId: string, name: Name, value: RouteSettings[Name]): void {
    const { key, write } = kept[name]
    const written = write(value)
    if (written === null)
      this.#database.run('DELETE FROM route_setting WHERE app_id = ? AND name = ?', appId, key)
    else
      this.#database.run(
        'INSERT OR REPLACE INTO route_setting (app_id, name, value) VALUES (?, ?, ?)',
        appId,
        key,
        written,
      )
  }
}
