import type { Check } from '../checks/check.ts'
import type { Database } from './database.ts'

/** `skipped`: nothing before the swap is waited for; `disabled`: nothing is checked afterwards either. */
export type CheckMode = 'enabled' | 'skipped' | 'disabled'

/** What an app's people say of its checks, now; null: by rule. */
export type CheckSettings = {
  /** How long old containers get for the requests in flight. */
  readonly waitToRetireMs: number | null
  readonly waitMs: number | null
  readonly timeoutMs: number | null
  readonly attempts: number | null
  /** Process type -> mode; `*` for all others. */
  readonly modes: Readonly<Record<string, CheckMode>>
}

/** How often and how patiently a check asks. */
export type Pace = { readonly waitMs: number; readonly timeoutMs: number; readonly attempts: number }

/** What holds where nobody says otherwise. */
export const defaultPace: Pace = { waitMs: 5_000, timeoutMs: 5_000, attempts: 3 }

export class ChecksOfApps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  of(appId: string): CheckSettings {
    const row = this.#database.get('SELECT * FROM check_settings WHERE app_id = ?', appId)
    const ms = (seconds: unknown): number | null => (typeof seconds === 'number' ? seconds * 1000 : null)
    return {
      waitToRetireMs: ms(row?.wait_to_retire_s),
      waitMs: ms(row?.wait_s),
      timeoutMs: ms(row?.timeout_s),
      attempts: typeof row?.attempts === 'number' ? row.attempts : null,
      modes: JSON.parse(String(row?.modes ?? '{}')) as CheckSettings['modes'],
    }
  }

  replace(appId: string, settings: CheckSettings): void {
    const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 1000))
    this.#database.run(
      `INSERT OR REPLACE INTO check_settings (app_id, wait_to_retire_s, wait_s, timeout_s, attempts, modes)
       VALUES (?, ?, ?, ?, ?, ?)`,
      appId,
      seconds(settings.waitToRetireMs),
      seconds(settings.waitMs),
      seconds(settings.timeoutMs),
      settings.attempts,
      JSON.stringify(settings.modes),
    )
  }
}

/** What holds for `process`: its own word, else that for all. */
export function modeOf({ modes }: CheckSettings, process: string): CheckMode {
  const own = Object.hasOwn(modes, process) ? modes[process] : undefined
  return own ?? modes['*'] ?? 'enabled'
}

/** The check's own pace; what it leaves open is as the app's settings say. */
export const paceOf = (settings: CheckSettings, check: Check): Pace => ({
  waitMs: check.waitMs ?? settings.waitMs ?? defaultPace.waitMs,
  timeoutMs: check.timeoutMs ?? settings.timeoutMs ?? defaultPace.timeoutMs,
  attempts: check.attempts ?? settings.attempts ?? defaultPace.attempts,
})
