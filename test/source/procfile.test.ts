import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { parseProcfile } from '../../server/source/procfile.ts'

test('a Procfile gives its process types and their lines', () => {
  expect(
    parseProcfile(
      '# web first\nweb: node server.js --port $PORT\r\n\n  worker :sh -c "a: b # c"  \nrelease:x',
    ),
  ).toEqual({ web: 'node server.js --port $PORT', worker: 'sh -c "a: b # c"', release: 'x' })
})

test.each([
  ['web node server.js', 'line 1'],
  ['web: a\nweb: b', 'line 2: "web" stands there twice'],
  ['web: a\n\nweb ui: b', 'line 3'],
  ['web:', 'line 1'],
  ['web.1: a', 'line 1'],
  [`${'x'.repeat(31)}: a`, 'line 1'],
  ['', 'names no process'],
  ['# nothing', 'names no process'],
])('%j is refused with what is wrong', (text, message) => {
  expect(() => parseProcfile(text)).toThrow(UserError)
  expect(() => parseProcfile(text)).toThrow(message)
})

test('names of object properties are process types like others', () => {
  const procfile = parseProcfile('constructor: a\n__proto__: b')
  expect(Object.keys(procfile).sort()).toEqual(['__proto__', 'constructor'])
})
