import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/**
 * Text that may go to a person's terminal: colours stay, every other escape sequence and control character is
 * gone, but for line ends and tabs. A line that sets a colour also ends it.
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(escapeSequences, (sequence) => (colour.test(sequence) ? sequence : ''))
    .replace(/[\0-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g, '')
    .replace(/\x1b(?!\[[0-9;:]*m)/g, '')
    .replace(/^.*\x1b\[[0-9;:]*m.*$/gm, (line) => (/\x1b\[0?m[^\x1b]*$/.test(line) ? line : `${line}\x1b[0m`))
}

/**
 * A stream whose lines go to `target` as soon as each is whole, made printable. It never waits: where the
 * reader is slower than the writer, lines are left out and counted, so that a stalled terminal cannot hold a deploy.
 */
export function printableLines(
  target: Writable,
  options: { readonly backlogBytes?: number; readonly end?: boolean } = {},
): Writable {
  const backlogBytes = options.backlogBytes ?? 1024 * 1024
  const decoder = new StringDecoder('utf8')
  let line = ''
  let leftOut = 0

  const emit = (text: string): void => {
    if (target.writableLength > backlogBytes) {
      leftOut += text.split('\n').length - 1
      return
    }
    const note =
      leftOut === 0 ? '' : `... ${leftOut} lines left out: this terminal is slower than the output\n`
    leftOut = 0
    target.write(note + printable(text))
  }
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const text = line + decoder.write(chunk)
      // A carriage return redraws a line; as lines of their own they are readable in a log too.
      const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r', text.length - 2)) + 1
      line = text.slice(end)
      if (end > 0) emit(text.slice(0, end))
      if (line.length > 64 * 1024) {
        emit(`${line}\n`)
        line = ''
      }
      done()
    },
    final(done) {
      const rest = line + decoder.end()
      if (rest !== '') emit(`${rest}\n`)
      if (options.end !== false) target.end()
      done()
    },
  })
  stream.on('error', () => {})
  return stream
}

// CSI; strings (OSC, DCS, SOS, PM, APC) up to their end or the end of the text; two-byte sequences. Also as C1.
const escapeSequences =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-Z\\^-~]/g

const colour = /^\x1b\[[0-9;:]*m$/
