import { expect, test } from 'vitest'
import type { CertificateFacts } from '../../server/tls/certificate-facts.ts'
import { isDue, Renewals } from '../../server/tls/renewals.ts'

const dayMs = 24 * 60 * 60 * 1000

const facts = (days: number, names: readonly string[] = ['a.test', '*.b.test']): CertificateFacts => ({
  names,
  issuer: 'CN=Authority',
  notBefore: new Date(0),
  notAfter: new Date(days * dayMs),
  selfSigned: false,
  fingerprint: '',
})

test.each([
  ['89 days before its end', 1, false],
  ['31 days before its end', 59, false],
  ['29 days before its end', 61, true],
  ['after its end', 91, true],
])('A certificate of 90 days, %s', (_when, day, due) => {
  expect(isDue(facts(90), ['a.test', 'x.b.test'], day * dayMs)).toBe(due)
})

test('A short certificate is renewed in the last third of its life', () => {
  expect(isDue(facts(6), ['a.test'], 3.9 * dayMs)).toBe(false)
  expect(isDue(facts(6), ['a.test'], 4.1 * dayMs)).toBe(true)
})

test('What is missing, or lacks a host, is due', () => {
  expect(isDue(undefined, ['a.test'], 0)).toBe(true)
  expect(isDue(facts(90), ['a.test', 'new.test'], 0)).toBe(true)
  expect(isDue(facts(90), ['x.y.b.test'], 0)).toBe(true)
})

test('What failed is tried again ever later, and at once where the domains have changed', () => {
  const renewals = new Renewals()
  expect(renewals.failureOf('app', ['a.test'])).toBeUndefined()
  const waits: number[] = []
  for (let time = 0; time < 8; time++) {
    renewals.failed('app', ['a.test'], new Error('no'))
    waits.push(Math.round(((renewals.failureOf('app', ['a.test'])?.nextAt ?? 0) - Date.now()) / 3_600_000))
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 24, 24, 24])
  expect(renewals.failureOf('app', ['a.test'])?.message).toContain('no')
  expect(renewals.failureOf('app', ['a.test', 'b.test'])).toBeUndefined()
  renewals.succeeded('app')
  expect(renewals.failureOf('app', ['a.test'])).toBeUndefined()
})
