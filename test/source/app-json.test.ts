import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { parseAppJson } from '../../server/source/app-json.ts'

test('quantities are read, comments and trailing commas tolerated', () => {
  expect(
    parseAppJson(
      '{ // how many\n "formation": { "web": { "quantity": 2 }, "worker": {}, }, /* more */ "name": "x" }',
    ),
  ).toEqual({ formation: { web: 2 }, env: {}, addons: [], healthchecks: {} })
  expect(parseAppJson('{}')).toEqual({ formation: {}, env: {}, addons: [], healthchecks: {} })
})

test.each([
  ['{', 'line 1'],
  ['{\n"a": }', 'line 2'],
  ['[]', 'not an object'],
  ['null', 'not an object'],
  ['', 'line 1'],
  ['{"formation": []}', '"formation" is not an object'],
  ['{"formation": {"web": {"quantity": -1}}}', 'formation.web.quantity'],
  ['{"formation": {"web": {"quantity": 101}}}', 'formation.web.quantity'],
  ['{"formation": {"web": {"quantity": "2"}}}', 'formation.web.quantity'],
  ['{"formation": {"web": {"quantity": 1.5}}}', 'formation.web.quantity'],
])('%s is refused with what is wrong', (text, message) => {
  expect(() => parseAppJson(text)).toThrow(UserError)
  expect(() => parseAppJson(text)).toThrow(message)
})
