import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Connection, ConnectionOptions, FieldPacket } from 'mysql2/promise'
import { InterruptedError, UnavailableError, UserError } from '../../errors.ts'

/** Where the MySQL server is, as seen from three places. */
export type Server = {
  /** The admin's way in. Throws `UnavailableError` before the first start of an embedded one. */
  readonly admin: () => ConnectionOptions
  /** For a service's own user, from the host. Throws `UnavailableError` before the first start of an embedded one. */
  readonly host: () => Address
  /** For apps: undefined means the gateway of the app's own network. */
  readonly remote: string | undefined
  /** `make up` runs it: its port is ours to guard. */
  readonly embedded: boolean
}

export type Address = { readonly host: string; readonly port: number }

export type Account = { readonly user: string; readonly password: string; readonly database: string }

/** The answer to one statement. */
export type Answer = {
  /** Undefined: the statement gives no rows. */
  readonly columns: readonly string[] | undefined
  readonly rows: readonly (readonly (string | null)[])[]
  readonly affected: number
}

/** `sql` did not run: what the server said. */
export class StatementError extends UserError {}

/** The server at `url`, or without one the server that the instance runs itself from `home`, or from `image`. */
export function locate(home: string, url: string | undefined, image?: string): Server {
  if (url === undefined) {
    const host = (): Address => ({ host: '127.0.0.1', port: Number.parseInt(kept(home, 'port'), 10) })
    return {
      admin: () =>
        image === undefined
          ? { socketPath: join(home, 'run', 'mysqld.sock'), user: userInfo().username }
          : { ...host(), user: 'root', password: kept(home, 'root-password').trim() },
      host,
      remote: undefined,
      embedded: true,
    }
  }
  const { hostname, port, username, password } = new URL(url)
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 3306) }
  const loopback = ['localhost', '127.0.0.1', '::1'].includes(address.host)
  return {
    admin: () => ({
      ...address,
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    }),
    host: () => address,
    remote: loopback ? undefined : address.host,
    embedded: false,
  }
}

/** What the first start of an embedded server has written. */
function kept(home: string, name: 'port' | 'root-password'): string {
  try {
    return readFileSync(join(home, 'mysql', name), 'utf8')
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** For all that one command asks: a server that hangs is as good as down. */
const adminTimeoutMs = 60_000

/** Runs `work` with a connection of the administrator, closed when it ends. Throws `UnavailableError`. */
export async function asAdmin<T>(server: Server, work: (session: Session) => Promise<T>): Promise<T> {
  return withSession({ ...server.admin() }, work, AbortSignal.timeout(adminTimeoutMs))
}

/** Runs `work` as a service's own user; `signal` ends what runs then. */
export async function asUser<T>(
  server: Server,
  { user, password, database }: Account,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession({ ...server.host(), user, password, database }, work, signal)
}

/** One connection. Names go in through `name`, values through `value`: both come quoted. */
export class Session {
  readonly #connection: Connection
  readonly #escape: (value: string) => string
  readonly #escapeId: (value: string, forbidQualified: boolean) => string

  constructor(
    connection: Connection,
    escapes: { escape: (value: string) => string; escapeId: (value: string, forbid: boolean) => string },
  ) {
    this.#connection = connection
    this.#escape = escapes.escape
    this.#escapeId = escapes.escapeId
  }

  name(name: string): string {
    return this.#escapeId(name, true)
  }

  value(value: string): string {
    return this.#escape(value)
  }

  /** Runs one statement, and answers with its first result. Throws as `runAll` does. */
  async run(sql: string): Promise<Answer> {
    const [first] = await this.runAll(sql)
    return first ?? { columns: undefined, rows: [], affected: 0 }
  }

  /** Runs one statement; a CALL has several results. Throws `StatementError` with the server's words, or `UnavailableError`. */
  async runAll(sql: string): Promise<readonly Answer[]> {
    try {
      const [result, fields] = await this.#connection.query({ sql, rowsAsArray: true })
      const several = Array.isArray(fields) && fields.some(Array.isArray)
      if (!several) return [toAnswer(result, fields)]
      const each = fields as unknown as readonly FieldPacket[][]
      return (result as unknown[]).map((one, index) => toAnswer(one, each[index]))
    } catch (error) {
      throw translate(error)
    }
  }
}

function toAnswer(result: unknown, fields: readonly FieldPacket[] | undefined): Answer {
  if (!Array.isArray(result)) {
    const { affectedRows = 0 } = result as { affectedRows?: number }
    return { columns: undefined, rows: [], affected: affectedRows }
  }
  return {
    columns: (fields ?? []).map((field) => field.name),
    rows: (result as unknown[][]).map((row) => row.map(asText)),
    affected: 0,
  }
}

async function withSession<T>(
  options: ConnectionOptions,
  work: (session: Session) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  // Loaded at the first use: a server without databases does not carry the driver.
  const { default: mysql } = await import('mysql2/promise')
  let connection: Connection
  try {
    connection = await mysql.createConnection({
      ...options,
      connectTimeout: 5_000,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      multipleStatements: false,
      flags: ['-LOCAL_FILES'],
      typeCast: false,
    })
  } catch (error) {
    throw translate(error)
  }
  // A connection that breaks between two statements says so at the next one.
  connection.on('error', () => {})
  const ended = Promise.withResolvers<never>()
  const end = (): void => {
    connection.destroy()
    ended.reject(signal.reason?.name === 'TimeoutError' ? unavailable(signal.reason) : new InterruptedError())
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    if (signal.aborted) end()
    return await Promise.race([work(new Session(connection, mysql)), ended.promise])
  } finally {
    signal.removeEventListener('abort', end)
    connection.destroy()
  }
}

/** The driver's error in our words. */
function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const {
    code = '',
    fatal,
    sqlMessage,
  } = error as {
    code?: string
    fatal?: boolean
    sqlMessage?: string
  }
  const refused = /^ER_(ACCESS_DENIED|DBACCESS_DENIED|HOST_)/.test(code)
  if (refused && fatal)
    return new UnavailableError(`MySQL does not let us in: ${sqlMessage ?? code}`, {
      cause: error,
      next: 'On the server: correct MYSQL_URL, then make up',
    })
  const down = fatal || /^(E[A-Z]+|PROTOCOL_.*|ER_SERVER_SHUTDOWN|ER_CON_COUNT_ERROR)$/.test(code)
  if (down || /closed state/.test(error.message)) return unavailable(error)
  // Whatever else ends one statement and leaves the connection: LOAD DATA LOCAL asks us for a file, in vain.
  if (code.startsWith('ER_') || fatal === false || /local infile/.test(error.message))
    return new StatementError(sqlMessage ?? error.message, { cause: error })
  return error
}

function unavailable(cause: unknown): UnavailableError {
  return new UnavailableError('MySQL is unavailable; nothing was changed', {
    cause,
    next: 'Apps go on. On the server: make status, then make up',
  })
}

const asText = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value)
}
