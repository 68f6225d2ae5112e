import { type Readable, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { InterruptedError, UnavailableError, UserError } from '../../errors.ts'
import type { Account, Address } from './connection.ts'

type Job = Address & Account & { readonly signal: AbortSignal }

/** Debian's `nobody`: whatever a client could be talked into, it owns nothing here. */
const nobody = 65_534

export type DumpJob = Job & {
  readonly output: Writable
  /** SQL that stands ahead of it. */
  readonly before: string
  /** All text of the database is stored as UTF-8. */
  readonly utf8: boolean
}

/**
 * Writes a logical dump of the database to `output`, which stays open, as fast as that takes it.
 * Throws `UserError` where it is not whole.
 */
export async function dump(job: DumpJob): Promise<void> {
  const { output, before, utf8, signal } = job
  const client = run(
    // It writes in pieces of 4 KB otherwise, each of which costs it and us a turn.
    ['stdbuf', '--output=256K', 'mariadb-dump'],
    [
      ...[
        '--single-transaction',
        '--quick',
        '--triggers',
        '--events',
        '--no-tablespaces',
        '--skip-lock-tables',
      ],
      // Text that is stored as it is written needs no look at each character, which is 40 % of the client's time.
      `--default-character-set=${utf8 ? 'binary' : 'utf8mb4'}`,
    ],
    { ...job, stdin: 'ignore' },
  )
  const filter = edited((line) => withoutDefiner(inUtf8(line)))
  filter.write(before)
  let end = ''
  filter.on('data', (chunk: Buffer) => {
    end = (end + chunk.subarray(-completed.length * 4).toString('latin1')).slice(-completed.length * 4)
  })
  const piped = pipeline(client.stdout, filter, output, { end: false }).catch((error: unknown) => error)
  const result = await client
  const broken = await piped
  if (signal.aborted) throw new InterruptedError()
  if (result.failed || broken || !end.includes(completed)) {
    throw failure('The export broke off and is not whole', String(result.stderr), {
      cause: broken ?? result,
      next: 'Throw away what has arrived, then try again',
    })
  }
}

/**
 * Runs a dump's statements in the database. Throws `UserError` with the line at which one failed; what stood before
 * it is done. A dump may be hostile: client commands (`\!`, system, source) are off, no file can be read, and the
 * client runs as nobody with an empty environment.
 */
export async function restore(job: Job & { readonly input: Readable }): Promise<void> {
  const { input, signal } = job
  const client = run(
    ['mariadb'],
    [
      // Either of these alone turns client commands off.
      ...['--sandbox', '--binary-mode'],
      ...['--batch', '--local-infile=0', '--skip-reconnect', '--skip-auto-rehash'],
      // The file is UTF-8 to the server. To the client it is bytes, none of which can be a quote in the middle of a
      // letter: a look at each letter is 40 % of its time. It would be told of NAMES, were that not turned off.
      '--default-character-set=latin1',
      "--init-command=SET session_track_system_variables='', NAMES utf8mb4",
    ],
    { ...job, stdin: 'pipe' },
  )
  // Before the pipeline ends the client's input: at an end the client would run the half statement that it has.
  input.once('error', (error) => {
    if (error instanceof InterruptedError) client.kill('SIGKILL')
  })
  const piped = pipeline(input, edited(withoutDefiner, { highWaterMark: ahead }), client.stdin).catch(
    (error: unknown) => error,
  )
  const result = await client
  // A client that ends early breaks its input too: that is its failure, not the sender's.
  const interrupted = signal.aborted || input.errored instanceof InterruptedError
  if (result.failed && !interrupted) {
    // Whoever still sends is not to wait for us.
    input.resume()
    const said = String(result.stderr)
    if (lost.test(said))
      throw new UnavailableError('The MySQL server went away, and the import broke off', {
        cause: result,
        next: 'What stands before that is in the database. On the server: make status, then make up; then import again',
      })
    const [, line, words] = / at line (\d+)(?: in file: '.*')?: (.*)/.exec(said) ?? []
    throw failure(
      line === undefined ? 'The import broke off' : `The import stopped at line ${line}: ${words}`,
      line === undefined ? said : '',
      {
        cause: result,
        next: 'What stands before it is in the database. Correct the file and import it again',
      },
    )
  }
  await piped
  if (interrupted)
    throw new InterruptedError('The import was interrupted; what came before that is in the database')
}

/** Bytes that wait for a client: while it runs one statement, the next comes. */
const ahead = 1024 * 1024

const completed = '-- Dump completed'

function run<Stdin extends 'pipe' | 'ignore'>(
  [program, ...words]: readonly [string, ...string[]],
  options: readonly string[],
  job: Job & { readonly stdin: Stdin },
) {
  const { host, port, user, password, database, signal, stdin } = job
  return execa(
    program,
    [
      ...words,
      '--no-defaults',
      ...['--protocol=tcp', `--host=${host}`, `--port=${port}`, `--user=${user}`],
      '--max-allowed-packet=1G',
      ...options,
      database,
    ],
    {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', MYSQL_PWD: password, LC_ALL: 'C' },
      extendEnv: false,
      cwd: '/',
      ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
      stdin,
      buffer: { stdout: false, stderr: true },
      reject: false,
      cancelSignal: signal,
      killSignal: 'SIGKILL',
    },
  )
}

/** Each client, and each of its steps, puts the number elsewhere. */
const lost = /\b(ERROR|error:|Got error:) (2002|2003|2006|2013|1053)\b|\((2002|2003|2006|2013|1053)\)/i

function failure(message: string, said: string, options: { cause: unknown; next: string }): Error {
  const line = said.split('\n').filter(Boolean).at(-1)
  const whole = line ? `${message}: ${line}` : message
  if (lost.test(said)) return new UnavailableError(whole, options)
  return new UserError(whole, options)
}

/** A dump whose lines that begin with `CREATE` or a comment go through `edit`. */
function edited(
  edit: (line: Buffer) => Buffer,
  options: { readonly highWaterMark?: number } = {},
): Transform {
  let pending: Buffer = Buffer.alloc(0)
  let insideLong = false
  const longest = 64 * 1024
  return new Transform({
    ...options,
    transform(chunk: Buffer, _encoding, done) {
      const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      // A dump has a line a row: what stays as it is goes on in one piece.
      let sent = 0
      let from = 0
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        const first = bytes[from]
        if (!insideLong && (first === letterC || first === slash)) {
          if (from > sent) this.push(bytes.subarray(sent, from))
          this.push(edit(bytes.subarray(from, end + 1)))
          sent = end + 1
        }
        insideLong = false
        from = end + 1
      }
      const first = bytes[from]
      // The beginning of a line that stays as it is needs no end to go on.
      const goesOn = first !== undefined && (insideLong || (first !== letterC && first !== slash))
      const whole = goesOn ? bytes.length : from
      if (whole > sent) this.push(bytes.subarray(sent, whole))
      pending = bytes.subarray(whole)
      if (first !== undefined) insideLong = goesOn
      if (pending.length > longest) {
        this.push(edit(pending))
        insideLong = true
        pending = Buffer.alloc(0)
      }
      done()
    },
    flush(done) {
      if (pending.length > 0) this.push(edit(pending))
      done()
    },
  })
}

const newline = 10
const letterC = 67
const slash = 47
const create = Buffer.from('CREATE ')
const conditional = Buffer.from('/*')
const sandboxLine = Buffer.from('/*M!999999\\-')
/** The bytes are UTF-8, and MySQL takes no JSON that is called binary. */
const inUtf8 = (line: Buffer): Buffer => (line.equals(binaryNames) ? utf8Names : line)

const binaryNames = Buffer.from('/*!40101 SET NAMES binary */;\n')
const utf8Names = Buffer.from('/*!40101 SET NAMES utf8mb4 */;\n')
const definer = /\bDEFINER ?= ?(?:`(?:[^`]|``)*`|'[^']*'|\w+)@(?:`(?:[^`]|``)*`|'[^']*'|[\w.%]+) ?/

/**
 * Who defined a view, trigger or routine is another user elsewhere, and naming it needs an administrator's rights.
 * MySQL's client stumbles over MariaDB's first line.
 */
function withoutDefiner(line: Buffer): Buffer {
  const begins = (start: Buffer): boolean => line.subarray(0, start.length).equals(start)
  // An empty line, so that the numbers in messages stay true.
  if (begins(sandboxLine)) return Buffer.from('\n')
  if (!begins(create) && !begins(conditional)) return line
  const head = line.subarray(0, 400).toString('latin1')
  return Buffer.concat([Buffer.from(head.replace(definer, ''), 'latin1'), line.subarray(400)])
}
