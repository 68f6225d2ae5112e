import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { parseAppJson } from '../../server/source/app-json.ts'

test('quantities are read, comments and trailing commas tolerated', () => {
  expect(
    parseAppJson(
      '{ // how many\n "formation": { "web": { "quantity": 2 }, "worker": {}, }, /* more */ "name": "x" }',
    ),
  ).toEqual({ formation: { web: 2 }, env: {}, addons: [], healthchecks: {}, tasks: {}, cron: [] })
  expect(parseAppJson('{}')).toEqual({
    formation: {},
    env: {},
    addons: [],
    healthchecks: {},
    tasks: {},
    cron: [],
  })
})

test('tasks are read in Dokku’s form and Heroku’s', () => {
  const scripts = {
    dokku: { predeploy: './prepare', postdeploy: ' ./warm-up a && ./b ' },
    postdeploy: { command: './seed', size: 'standard-1x' },
    test: 'npm test',
  }
  expect(parseAppJson(JSON.stringify({ scripts })).tasks).toEqual({
    predeploy: './prepare',
    postdeploy: './warm-up a && ./b',
    firstPostdeploy: './seed',
  })
})

test.each([
  ['{"scripts": []}', '"scripts" is not an object'],
  ['{"scripts": {"dokku": "x"}}', '"scripts.dokku" is not an object'],
  ['{"scripts": {"postdeploy": 1}}', '"scripts.postdeploy" is no command'],
  ['{"scripts": {"dokku": {"predeploy": " "}}}', '"scripts.dokku.predeploy" is no command'],
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
