import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable, printableLines } from '../../server/git/printable.ts'

test('of any text only colours, tabs and line ends are left of its control characters', () => {
  const awkward = fc.constantFrom(
    '\x1b',
    '\x1b[',
    '\x9b',
    ']0;',
    '31m',
    'm',
    '\x07',
    '\x1b\\',
    '\r',
    '\n',
    '2J',
    'P',
  )
  const input = fc.array(fc.oneof(awkward, fc.string({ unit: 'binary' }))).map((parts) => parts.join(''))
  fc.assert(
    fc.property(input, (raw) => {
      const left = printable(raw).replace(/\x1b\[[0-9;:]*m/g, '')
      expect(left).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/)
    }),
    { numRuns: 2000 },
  )
})

test('text without control characters stays as it is', () => {
  expect(printable('Grüße, 你好 \tok\n')).toBe('Grüße, 你好 \tok\n')
  expect(printable('\x1b[1;32mok\x1b[0m\n\x1b[31mopen\n')).toBe('\x1b[1;32mok\x1b[0m\n\x1b[31mopen\x1b[0m\n')
})

test('lines that come in pieces are put together before they are judged', async () => {
  const out = new PassThrough()
  const lines = printableLines(out)
  for (const piece of [
    Buffer.from('a\x1b'),
    Buffer.from(']0;t'),
    Buffer.from([0xc3]),
    Buffer.from([0xbc, 0x07]),
    Buffer.from('b\nlast'),
  ])
    lines.write(piece)
  lines.end()
  expect(await text(out)).toBe('ab\nlast\n')
})

test('a reader that stalls never holds the writer, and learns how much it missed', async () => {
  const out = new PassThrough({ highWaterMark: 16 })
  const lines = printableLines(out, { backlogBytes: 1000 })
  for (let index = 0; index < 10_000; index += 1) {
    if (!lines.write(`line ${index}\n`)) await once(lines, 'drain')
  }
  out.read()
  const rest = text(out)
  await once(out, 'drain')
  lines.write('the end\n')
  lines.end()
  expect(await rest).toMatch(/\.\.\. \d{4} lines left out.*\nthe end\n$/)
})
