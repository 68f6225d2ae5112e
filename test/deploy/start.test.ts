import { expect, test } from 'vitest'
import { commandOf } from '../../server/deploy/start.ts'

test('without a line the image’s own command runs', () => {
  expect(commandOf(null, false)).toEqual({})
  expect(commandOf(null, true)).toEqual({})
})

test('a simple command takes the place of its shell', () => {
  for (const line of [
    'node server.js -p $PORT',
    'sh -c "a; b"'.replace('; ', ' '),
    './run *.txt',
    'test-server --x',
    'exit-node',
  ])
    expect(commandOf(line, false), line).toEqual({
      entrypoint: [],
      command: ['/bin/sh', '-c', `exec ${line}`],
    })
})

test('a line that exec cannot take keeps its shell', () => {
  for (const line of [
    'cd app && node .',
    'A=1 node .',
    'a | b',
    'a; b',
    '(a)',
    'if a; then b; fi',
    'exec node .',
    'exit 9',
    '{ a; }',
    '[ -f x ]',
    'set -e',
    'a > b',
    'echo `id`',
    'a & b',
  ])
    expect(commandOf(line, false), line).toEqual({ entrypoint: [], command: ['/bin/sh', '-c', line] })
})

test('with an entry point the words are its arguments', () => {
  expect(commandOf(`serve --name 'a b' "$X"`, true)).toEqual({ command: ['serve', '--name', 'a b', '$X'] })
})
