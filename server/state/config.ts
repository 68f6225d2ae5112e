import { UserError } from '../errors.ts'
import type { Cipher } from './cipher.ts'
import { type ConfigFile, sizeOf } from './config-file.ts'
import type { Database, Row } from './database.ts'

/** Environment entries by name, values byte-exact. */
export type Variables = Readonly<Record<string, string>>

/** Config vars by name. */
export type ConfigVars = Readonly<Record<string, string | ConfigFile>>

/** What a process finds in its environment: of a file its path. */
export const environmentIn = (config: ConfigVars): Variables =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, typeof value === 'string' ? value : value.path]),
  )

/** Those that are no files: what a build may know. */
export const textsIn = (config: ConfigVars): Variables =>
  Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )

export const filesIn = (config: ConfigVars): Readonly<Record<string, ConfigFile>> =>
  Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name, value]])),
  )

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
export function parseConfigVars<Vars extends ConfigVars>(vars: Vars): Vars {
  parseFiles(filesIn(vars))
  let total = 0
  for (const [name, value] of Object.entries(environmentIn(vars))) {
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
        next: `No environment takes more; as a file it can be larger: config:set --file /PATH ${name} - < FILE`,
      })
    }
  }
  if (total > mostBytes)
    throw new UserError('All config vars together are more than 1 MiB', {
      next: 'Set some as files: config:set --file /PATH KEY - < FILE',
    })
  return vars
}

function parseFiles(files: Readonly<Record<string, ConfigFile>>): void {
  const names = new Map<string, string>()
  let total = 0
  for (const [name, file] of Object.entries(files)) {
    const other = names.get(file.path)
    if (other !== undefined)
      throw new UserError(`${name} and ${other} would be the same file, ${file.path}`, {
        next: `Give one another path, or take one away first: config:unset ${other}`,
      })
    names.set(file.path, name)
    total += sizeOf(file)
  }
  if (total > mostBytes)
    throw new UserError('All config files together are more than 1 MiB', {
      next: 'Put what is large and no secret on a volume: storage:create',
    })
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
      'SELECT name, value, is_file FROM config_var WHERE app_id = ? ORDER BY name',
      appId,
    )
    return Object.fromEntries(
      rows.map((row) => [
        String(row.name),
        openedValue(row, this.#cipher.open(row.value as Uint8Array, `${appId}/${row.name}`)),
      ]),
    )
  }

  /** Makes `vars` the whole config of the app. */
  replace(appId: string, vars: ConfigVars): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM config_var WHERE app_id = ?', appId)
      for (const [name, value] of Object.entries(vars)) {
        const isFile = typeof value !== 'string'
        const text = isFile ? JSON.stringify(value) : value
        this.#database.run(
          'INSERT INTO config_var (app_id, name, value, is_file) VALUES (?, ?, ?, ?)',
          appId,
          name,
          this.#cipher.seal(text, `${appId}/${parseConfigName(name)}`),
          isFile ? 1 : 0,
        )
      }
    })
  }
}

const openedValue = (row: Row, opened: string): string | ConfigFile =>
  row.is_file === 1 ? (JSON.parse(opened) as ConfigFile) : opened
