import type { Database } from './database.ts'

/** How an app's people want its requests treated. */
export type RouteSettings = {
  /** Plain requests are sent on to https, where there is a certificate. */
  readonly redirect: boolean
  /** Browsers are told to ask by https alone for a year. */
  readonly hsts: boolean
  /** A certificate authority is asked for its certificate, again and again. */
  readonly letsencrypt: boolean
}

export type RouteSetting = keyof RouteSettings

const byRule: RouteSettings = { redirect: true, hsts: false, letsencrypt: false }

export class RouteSettingsOfApps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): RouteSettings {
    const rows = this.#database.all('SELECT name, value FROM route_setting WHERE app_id = ?', appId)
    const isOn = (name: RouteSetting): boolean => {
      const row = rows.find((each) => each.name === name)
      return row ? row.value === 'on' : byRule[name]
    }
    return { redirect: isOn('redirect'), hsts: isOn('hsts'), letsencrypt: isOn('letsencrypt') }
  }

  set(appId: string, name: RouteSetting, isOn: boolean): void {
    this.#database.run(
      'INSERT OR REPLACE INTO route_setting (app_id, name, value) VALUES (?, ?, ?)',
      appId,
      name,
      isOn ? 'on' : 'off',
    )
  }
}
