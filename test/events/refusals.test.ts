import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Deed } from '../../server/events/events.ts'
import { Refusals } from '../../server/events/refusals.ts'

let told: { what: string; more: number }[]
let refusals: Refusals
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  refusals = new Refusals(({ what }, more) => void told.push({ what, more }))
})
afterEach(() => {
  vi.useRealTimers()
})

const deed = (fingerprint: string, what: string): Deed => ({
  who: 'eve',
  key: 'eve',
  fingerprint,
  address: '192.0.2.1',
  what,
})

test('of a flood the first are told at once, and at the end of the minute the last and how many came before it', () => {
  for (let attempt = 1; attempt <= 500; attempt++) refusals.tell(deed('SHA256:eve', `audit ${attempt}`))
  expect(told.map(({ what }) => what)).toEqual(Array.from({ length: 10 }, (_, index) => `audit ${index + 1}`))
  vi.advanceTimersByTime(60_000)
  expect(told.slice(10)).toEqual([{ what: 'audit 500', more: 489 }])
  refusals.tell(deed('SHA256:eve', 'audit again'))
  expect(told.at(-1)).toEqual({ what: 'audit again', more: 0 })
})

test('a key that floods takes nothing from another', () => {
  for (let attempt = 1; attempt <= 50; attempt++) refusals.tell(deed('SHA256:eve', 'audit'))
  refusals.tell(deed('SHA256:vera', 'doctor'))
  expect(told.at(-1)).toEqual({ what: 'doctor', more: 0 })
})

test('a minute with few leaves nothing to tell at its end', () => {
  refusals.tell(deed('SHA256:eve', 'audit'))
  vi.advanceTimersByTime(60_000)
  expect(told).toHaveLength(1)
})
