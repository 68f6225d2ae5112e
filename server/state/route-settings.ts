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
}

type Switch = Exclude<keyof RouteSettings, 'bodyLimitBytes'>

const byRule: Readonly<Record<Switch, boolean>> = { redirect: true, hsts: false, letsencrypt: false }
const bodyLimit = 'body-limit'

export class RouteSettingsOfApps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): RouteSettings {
    const rows = this.#database.all('SELECT name, value FROM route_setting WHERE app_id = ?', appId)
    const isOn = (name: Switch): boolean => {
      const row = rows.find((each) => each.name === name)
      return row ? row.value === 'on' : byRule[name]
    }
    const limit = rows.find((each) => each.name === bodyLimit)
    return {
      redirect: isOn('redirect'),
      hsts: isOn('hsts'),
      letsencrypt: isOn('letsencrypt'),
      bodyLimitBytes: limit ? Number(limit.value) : null,
    }
  }

  set(appId: string, name: Switch, isOn: boolean): void {
    this.#replace(appId, name, isOn ? 'on' : 'off')
  }

  /** null: no limit. */
  setBodyLimit(appId: string, bytes: number | null): void {
    if (bytes !== null) this.#replace(appId, bodyLimit, String(bytes))
    else this.#database.run('DELETE FROM route_setting WHERE app_id = ? AND name = ?', appId, bodyLimit)
  }

  #replace(appId: string, name: string, value: string): void {
    this.#database.run(
      'INSERT OR REPLACE INTO route_setting (app_id, name, value) VALUES (?, ?, ?)',
      appId,
      name,
      value,
    )
  }
}
