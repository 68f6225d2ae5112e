import { expect, test } from 'vitest'
import { decide } from '../../server/autoscale/decide.ts'
import type { AutoscaleRule } from '../../server/state/autoscale.ts'

const now = new Date('2026-08-01T10:00:00Z')
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString()

const rule = (changes: Partial<AutoscaleRule> = {}): AutoscaleRule => ({
  appId: 'blog',
  process: 'web',
  least: 1,
  most: 5,
  measure: 'queue',
  threshold: 10,
  steppedAt: null,
  ...changes,
})

test.each([
  ['a load of 2.5 times the threshold asks for as many times the containers', rule(), 2, 25, 5],
  ['no more than the rule allows', rule(), 2, 1000, 5],
  ['the threshold itself is no reason', rule(), 2, 10, undefined],
  ['above half of the threshold none is taken away', rule(), 2, 5, undefined],
  ['below half of it one is', rule(), 3, 4.9, 2],
  ['nothing asked is no load', rule(), 3, null, 2],
  ['the last one stays', rule(), 1, 0, undefined],
  ['p95 asks for one more, however long', rule({ measure: 'p95', threshold: 300 }), 2, 9_000, 3],
  ['CPU asks as the queue does', rule({ measure: 'cpu', threshold: 50 }), 2, 75, 3],
  ['59 s after a step none is added', rule({ steppedAt: ago(59) }), 1, 50, undefined],
  ['60 s after a step they are', rule({ steppedAt: ago(60) }), 1, 50, 5],
  ['299 s after a step none is taken away', rule({ steppedAt: ago(299) }), 2, 0, undefined],
  ['300 s after a step one is', rule({ steppedAt: ago(300) }), 2, 0, 1],
  ['fewer than the least are brought there at once', rule({ least: 3, steppedAt: ago(1) }), 1, 0, 3],
  ['more than the most too', rule({ most: 2, steppedAt: ago(1) }), 4, 50, 2],
  ['what people have scaled to 0 stays so', rule({ least: 2 }), 0, 50, undefined],
])('%s', (_name, given, quantity, measured, wanted) => {
  expect(decide(given, quantity, measured, now)?.quantity).toBe(wanted)
})

test('a step says why', () => {
  expect(decide(rule(), 1, 24.04, now)?.reason).toBe('24 requests in flight for each container, more than 10')
  expect(decide(rule({ measure: 'p95', threshold: 300 }), 2, null, now)?.reason).toBe(
    '95 of 100 answers took up to 0 ms, less than half of 300',
  )
})
