import { expect, test } from 'vitest'
import { parseAppJson } from '../../server/source/app-json.ts'

const cronOf = (...cron: readonly object[]) => parseAppJson(JSON.stringify({ cron })).cron

test('an entry keeps its id as long as its schedule and command do', () => {
  const [one] = cronOf({ command: ' node a.js ', schedule: '0 4 * * *' })
  expect(one).toMatchObject({ command: 'node a.js', schedule: '0 4 * * *', concurrency: 'allow' })
  const again = cronOf(
    { command: 'other', schedule: '@hourly' },
    { command: ' node a.js ', schedule: '0 4 * * *', concurrency_policy: 'forbid' },
  )[1]
  expect(again?.id).toBe(one?.id)
  expect(cronOf({ command: 'node a.js', schedule: '1 4 * * *' })[0]?.id).not.toBe(one?.id)
})

test.each([
  [{ schedule: '* * * * *' }, 'cron[0].command'],
  [{ command: 'a' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '61 * * * *' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '* * * *' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '* * * * * *' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '0 0 31 2 *' }, 'it never comes'],
  [{ command: 'a', schedule: '$(id)' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '2030-01-01T00:00:00' }, 'cron[0].schedule'],
  [{ command: 'a', schedule: '* * * * *', concurrency_policy: 'maybe' }, 'concurrency_policy'],
])('%j is refused', (entry, words) => {
  expect(() => cronOf(entry)).toThrow(words)
})

test('the same twice, too many and no list are refused', () => {
  const entry = { command: 'a', schedule: '* * * * *' }
  expect(() => cronOf(entry, entry)).toThrow('twice')
  expect(() =>
    cronOf(...Array.from({ length: 51 }, (_, index) => ({ ...entry, command: `${index}` }))),
  ).toThrow('more than 50')
  expect(() => parseAppJson('{"cron": {}}')).toThrow('not a list')
})
