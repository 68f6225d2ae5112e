import { StringDecoder } from 'node:string_decoder'
import { exitCode, InterruptedError } from '../../errors.ts'
import { printable } from '../../git/printable.ts'
import type { Streams } from '../service-kind.ts'
import { type Answer, type Session, StatementError } from './connection.ts'
import { Statements } from './statements.ts'

/**
 * Runs what comes from stdin, statement by statement, and prints rows as `mysql --batch` does. It is ours because
 * the usual client has commands that run programs on this machine. On a terminal a failing statement is shown and
 * the session goes on; else it ends there with exit code 1.
 */
export async function shell(session: Session, streams: Streams): Promise<number> {
  const { stdout, stderr, terminal, signal } = streams
  const say = (text: string): void => {
    stdout.write(terminal ? `${printable(text)}\r\n` : `${text}\n`)
  }
  const statements = new Statements()
  const prompt = (): void => {
    if (terminal) stdout.write(statements.isEmpty ? 'mysql> ' : '    -> ')
  }
  prompt()
  for await (const text of terminal ? typed(streams) : piped(streams)) {
    if (signal.aborted) throw new InterruptedError()
    if (terminal && statements.isEmpty && /^\s*(exit|quit|\\q)\s*;?\s*$/i.test(text)) return exitCode.done
    for (const statement of statements.take(text)) {
      if (!(await runOne(statement))) return exitCode.failed
    }
    prompt()
  }
  const last = statements.rest()
  return last === '' || (await runOne(last)) ? exitCode.done : exitCode.failed

  async function runOne(statement: string): Promise<boolean> {
    try {
      for (const answer of await session.runAll(statement)) show(answer, say, terminal)
      return true
    } catch (error) {
      if (!(error instanceof StatementError)) throw error
      stderr.write(`ERROR: ${printable(error.message)}${terminal ? '\r\n' : '\n'}`)
      return terminal
    }
  }
}

function show(answer: Answer, say: (text: string) => void, terminal: boolean): void {
  if (answer.columns === undefined) {
    if (terminal) say(`OK, ${answer.affected} rows affected`)
    return
  }
  if (answer.rows.length > 0 || terminal) say(answer.columns.map(escaped).join('\t'))
  for (const row of answer.rows) say(row.map((cell) => (cell === null ? 'NULL' : escaped(cell))).join('\t'))
}

/** As `mysql --batch`: a row stays one line. */
const escaped = (cell: string): string =>
  cell.replace(/[\\\t\n\0]/g, (found) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n' })[found] ?? '\\0')

async function* piped({ stdin }: Streams): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  for await (const chunk of stdin) yield decoder.write(chunk as Buffer)
  yield decoder.end()
}

/** Lines as they are typed on a raw terminal: echo, backspace, Ctrl-C drops the line, Ctrl-D ends. */
async function* typed({ stdin, stdout }: Streams): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let line = ''
  for await (const chunk of stdin) {
    for (const character of decoder.write(chunk as Buffer)) {
      if (character === '\x04' && line === '') {
        stdout.write('\r\n')
        return
      }
      if (character === '\x03') {
        stdout.write('^C\r\n')
        throw new InterruptedError()
      }
      if (character === '\r' || character === '\n') {
        stdout.write('\r\n')
        yield `${line}\n`
        line = ''
      } else if (character === '\x7f') {
        if (line !== '') stdout.write('\b \b')
        line = [...line].slice(0, -1).join('')
      } else if (character >= ' ') {
        stdout.write(character)
        line += character
      }
    }
  }
}
