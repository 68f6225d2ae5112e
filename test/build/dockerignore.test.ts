import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dockerignore } from '../../server/build/dockerignore.ts'
import { UserError } from '../../server/errors.ts'

/** A port of Docker's own matcher, which makes regular expressions of the patterns. */
const balena = createRequire(import.meta.url)('@balena/dockerignore') as (options: object) => {
  add(patterns: string): { ignores(path: string): boolean }
}

describe('.dockerignore', () => {
  test.each([
    ['node_modules', ['node_modules', 'node_modules/a/b'], ['a/node_modules', 'node_modules2']],
    ['**/*.log', ['a.log', 'a/b.log'], ['a.logs']],
    ['*.md\n!README.md', ['a.md'], ['README.md', 'a/b.md']],
    ['docs\n!docs/keep.md', ['docs/a.md'], ['docs/keep.md']],
    ['*/temp*', ['a/temp', 'a/temp1/b'], ['temp', 'a/b/temp']],
    ['temp?', ['tempa'], ['temp', 'tempab']],
    ['# comment\n\n  /a/ ', ['a', 'a/b'], ['# comment', 'b/a']],
    ['a/**', ['a/b', 'a/b/c'], ['b']],
    ['**', ['a', 'a/b'], []],
    ['*\n!/src/**/*.js', ['a', 'src/a.ts'], ['src/a.js', 'src/b/a.js']],
    ['[a-c].txt\n[^a-z]1', ['b.txt', 'Z1'], ['d.txt', 'a1']],
    ['a\\*b\n(x+)+|y', ['a*b', '(x+)+|y'], ['aab', 'xx', 'y']],
    ['./a/../b', ['b'], ['a']],
    ['ünï', ['ünï'], ['uni']],
    ['constructor', ['constructor'], ['toString']],
  ])('%j leaves out what Docker leaves out', (text, out, kept) => {
    const isIgnored = dockerignore(text)
    expect(out.filter((path) => !isIgnored(path))).toEqual([])
    expect(kept.filter(isIgnored)).toEqual([])
  })

  test('judges as the port of Docker’s matcher does', () => {
    const part = fc.constantFrom('a', 'b', 'ab', '.a', 'a.b')
    const piece = fc.oneof(part, fc.constantFrom('*', '**', 'a*', '*b', '?', 'a?', '[ab]', '*.b'))
    const pattern = fc
      .tuple(
        fc.constantFrom('', '!', '/'),
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', '/'),
      )
      .map(([before, pieces, after]) => `${before}${pieces.join('/')}${after}`)
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 5 }),
        fc.array(path, { maxLength: 20 }),
        (patterns, paths) => {
          const text = patterns.join('\n')
          const [ours, theirs] = [dockerignore(text), balena({ ignorecase: false }).add(text)]
          expect(paths.filter(ours)).toEqual(paths.filter((each) => theirs.ignores(each)))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test.each(['[', '[a', 'a\\', '[]', '[-a]', '!', 'ok\n[b-'])('%j is refused with its line', (text) => {
    expect(() => dockerignore(text)).toThrow(UserError)
    expect(() => dockerignore(text)).toThrow(`line ${text.split('\n').length} `)
  })

  test('cannot be made to take for ever', { timeout: 20_000 }, () => {
    for (const pattern of ['*a'.repeat(50), '**/a'.repeat(50), '(a+)+$', '**/'.repeat(10_000)]) {
      dockerignore(`${pattern}b`)('a'.repeat(255))
      dockerignore(`${pattern}b`)('a/'.repeat(2000))
    }
    expect(() => dockerignore('a\n'.repeat(40_000))).toThrow(UserError)
  })
})
