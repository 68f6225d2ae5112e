import { expect, test } from 'vitest'
import { durationText } from '../../server/command-line/duration.ts'

test.each([
  [0, '0 seconds'],
  [999, '0 seconds'],
  [1_000, '1 second'],
  [59_999, '59 seconds'],
  [60_000, '1 minute'],
  [150_000, '2 minutes 30 seconds'],
  [3_600_000, '1 hour'],
  [86_399_999, '23 hours 59 minutes'],
  [90_061_000, '1 day 1 hour'],
  [40 * 86_400_000, '40 days'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
