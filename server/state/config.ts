import { UserError } from '../errors.ts'
import type { Cipher } from './cipher.ts'
import type { Database } from './database.ts'

/** Config vars by name, values byte-exact. */
export type ConfigVars = Readonly<Record<string, string>>

/** `name` where it may name a config var. Throws `UserError`. */
export function parseConfigName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)) return name
  throw new UserError(`"${name.slice(0, 60)}" cannot be a config var's name`, {
    next: 'Use letters, digits and underscores, the first no digit: DATABASE_URL',
  })
}

// The kernel takes no longer string in a process's environment (MAX_ARG_STRLEN), its end included.
const longest = 128 * 1024 - 1
// Of all strings together it takes a quarter of the stack limit, 2 MiB at the usual 8 MiB: the rest is the command's.
const mostBytes = 1024 * 1024

/** `vars` where a process can have them as its environment, byte for byte. Throws `UserError` that names the first that it cannot. */
export function parseConfigVars(vars: ConfigVars): ConfigVars {
  let total = 0
  for (const [name, value] of Object.entries(vars)) {
    const bytes = Buffer.byteLength(`${parseConfigName(name)}=${value}`)
    total += bytes
    if (value.includes('\0')) {
      throw new UserError(`The value of ${name} has a NUL byte, which no environment can carry`, {
        next: `Encode it, for instance as base64, and let the app decode ${name}`,
      })
    }
    if (!value.isWellFormed()) throw new UserError(`The value of ${name} is not UTF-8 text`)
    if (bytes > longest) {
      throw new UserError(`The value of ${name} is longer than ${longest - name.length - 1} bytes`, {
        next: 'No environment takes more; put it into a file that the app reads',
      })
    }
  }
  if (total > mostBytes)
    throw new UserError('All config vars together are more than 1 MiB', { next: 'Put some into files' })
  return vars
}

/** What the next release of an app will get. What the running one has stands in its release. */
export class Config {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  of(appId: string): ConfigVars {
    const rows = this.#database.all(
      'SELECT name, value FROM config_var WHERE app_id = ? ORDER BY name',
      appId,
    )
    return Object.fromEntries(
      rows.map((row) => [
        String(row.name),
        this.#cipher.open(row.value as Uint8Array, `${appId}/${row.name}`),
      ]),
    )
  }

  /** Makes `vars` the whole config of the app. */
  replace(appId: string, vars: ConfigVars): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM config_var WHERE app_id = ?', appId)
      for (const [name, value] of Object.entries(vars)) {
        const sealed = this.#cipher.seal(value, `${appId}/${parseConfigName(name)}`)
        this.#database.run(
          'INSERT INTO config_var (app_id, name, value) VALUES (?, ?, ?)',
          appId,
          name,
          sealed,
        )
      }
    })
  }
}
