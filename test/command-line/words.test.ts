import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitWords } from '../../server/command-line/words.ts'
import { UsageError } from '../../server/errors.ts'

test('words that are quoted come back as they were, whatever is in them', () => {
  const quotings: ((word: string) => string)[] = [
    (word) => `'${word.replaceAll("'", "'\\''")}'`,
    (word) => `"${word.replace(/[\\"$`]/g, '\\$&')}"`,
    // A backslash before a newline joins lines, so newlines are quoted.
    (word) => (word === '' ? "''" : [...word].map((each) => (each === '\n' ? "'\n'" : `\\${each}`)).join('')),
  ]
  for (const quote of quotings) {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
        expect(splitWords(words.map(quote).join(' \t\n '))).toEqual(words)
      }),
    )
  }
})

test.each([
  ['', []],
  ['  \t ', []],
  ['a b', ['a', 'b']],
  ["a''b", ['ab']],
  ["''", ['']],
  ['"" \'\'', ['', '']],
  ["a'b c'd", ['ab cd']],
  [`"it's"`, ["it's"]],
  [`'say "no"'`, ['say "no"']],
  ['"a\\nb"', ['a\\nb']],
  ['"a\\"b\\\\c\\$d\\`e"', ['a"b\\c$d`e']],
  ['a\\ b', ['a b']],
  ['a\\\nb', ['ab']],
  ['"a\\\nb"', ['ab']],
  ['$HOME `id` $(id) * ~', ['$HOME', '`id`', '$(id)', '*', '~']],
  ['a;b|c&d>e', ['a;b|c&d>e']],
  ['# a', ['#', 'a']],
  ["'a\nb'", ['a\nb']],
  ['😀 é', ['😀', 'é']],
])('%j is split into %j', (line, words) => {
  expect(splitWords(line)).toEqual(words)
})

test.each(["'", '"', "a 'b", '"a\\"', `"a'`])('%j is refused, since a quote is not closed', (line) => {
  expect(() => splitWords(line)).toThrow(UsageError)
})
