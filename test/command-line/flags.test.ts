import { expect, test } from 'vitest'
import type { Command } from '../../server/command.ts'
import { commandFirst, parseFlags } from '../../server/command-line/flags.ts'
import { UsageError } from '../../server/errors.ts'

const command: Command = {
  summary: 'A test',
  right: 'view',
  app: 'required',
  flags: {
    tail: { short: 't', summary: 'Follow' },
    num: { short: 'n', value: 'N', summary: 'How many' },
    env: { short: 'e', value: 'K=V', summary: 'More' },
  },
  examples: ['test'],
  run: async () => {},
}
const parse = (line: string, changed: Partial<Command> = {}) => {
  const { words, flags, mayNameApp } = parseFlags(
    { ...command, ...changed },
    line.split(' ').filter(Boolean),
    (word) => word === 'blog',
  )
  return { words, flags, mayNameApp }
}

test('options are read between words, long and short, with = and without', () => {
  for (const line of ['blog --num 5 x', '--num=5 blog x', 'blog -n 5 x', 'blog x -n5', '-n=5 blog x']) {
    const { words, flags } = parse(line)
    expect(words, line).toEqual(['blog', 'x'])
    expect(flags.value('num'), line).toBe('5')
    expect(flags.has('tail'), line).toBe(false)
  }
})

test('short options may share a dash', () => {
  const { flags } = parse('-tqn 5')
  expect([flags.has('tail'), flags.has('quiet'), flags.value('num')]).toEqual([true, true, '5'])
})

test('an option may be given twice: the last counts, and all are there', () => {
  const { flags } = parse('-e A=1 -e B=2')
  expect(flags.value('env')).toBe('B=2')
  expect(flags.values('env')).toEqual(['A=1', 'B=2'])
})

test('after -- all are words; a single dash is a word', () => {
  expect(parse('a -- --tail -n').words).toEqual(['a', '--tail', '-n'])
  expect(parse('a -').words).toEqual(['a', '-'])
})

test('a verbatim command begins at the first word that is no option, no value and no app', () => {
  const verbatim = { verbatim: true }
  expect(parse('blog -e A=1 ls -la --tail', verbatim).words).toEqual(['blog', 'ls', '-la', '--tail'])
  expect(parse('ls blog -t', verbatim).words).toEqual(['ls', 'blog', '-t'])
  expect(parse('--app x blog -t', verbatim).words).toEqual(['blog', '-t'])
  expect(parse('blog -- -t', verbatim).words).toEqual(['blog', '-t'])
  expect(parse('blog blog -t', verbatim).words).toEqual(['blog', 'blog', '-t'])
  expect(parse('-- blog -t', verbatim)).toMatchObject({ words: ['blog', '-t'], mayNameApp: false })
  expect(parse('blog -- ls', verbatim).mayNameApp).toBe(true)
})

test.each([
  '--nothing',
  '-x',
  '--num',
  '-n',
  '--tail=yes',
  '---',
  '--Tail',
  '--constructor',
  '--__proto__',
  '--format xml',
])('%s is refused', (line) => {
  expect(() => parse(line)).toThrow(UsageError)
})

test('--format json is --json, unless the command has formats of its own', () => {
  expect(parse('--format json').flags.has('json')).toBe(true)
  const own = parse('--format xml', { flags: { format: { value: 'F', summary: 'Any' } } })
  expect(own.flags.has('json')).toBe(false)
})

test('--all is there for commands that take it', () => {
  expect(() => parse('--all')).toThrow(UsageError)
  expect(parse('--all', { all: 'every' }).flags.has('all')).toBe(true)
})

test('options before the command are put behind it', () => {
  expect(commandFirst(['--app', 'blog', '-q', 'config', '-s'])).toEqual([
    'config',
    '--app',
    'blog',
    '-q',
    '-s',
  ])
  expect(commandFirst(['--app=blog', 'config'])).toEqual(['config', '--app=blog'])
  expect(commandFirst(['--help'])).toEqual(['--help'])
  expect(() => commandFirst(['--nothing', 'config'])).toThrow(UsageError)
})
