import { expect, test } from 'vitest'
import { type DrainedLine, drainSpool } from '../../server/drains/drained-line.ts'
import type { Spool } from '../../server/logs/spool.ts'

const entry = (text: string) => ({
  appId: 'blog',
  at: '2026-08-01T10:00:00.123456789Z',
  source: 'app[web.1]',
  text,
})
const textsOf = (spool: Spool<DrainedLine>, mostBytes = Number.POSITIVE_INFINITY) =>
  spool.take(mostBytes).map(({ text }) => text)

test('lines come out in their order, so many at a time', () => {
  const spool = drainSpool(10_000)
  for (const text of ['a', 'b', 'c']) spool.push(entry(text))
  expect(textsOf(spool, 140)).toEqual(['a', 'b'])
  expect(textsOf(spool, 1)).toEqual(['c'])
  expect(textsOf(spool)).toEqual([])
})

test('what is too much goes from the oldest on, and the next that is taken says exactly how many went', () => {
  const spool = drainSpool(6_500)
  for (let number = 1; number <= 1_000; number++) spool.push(entry(`${number}`))
  const kept = spool.size
  expect(kept).toBeLessThanOrEqual(100)
  expect(kept).toBeGreaterThan(80)
  const [missed, ...lines] = textsOf(spool)
  expect(missed).toBe(`${1_000 - kept} lines before this one were missed: the drain was down for too long`)
  expect(lines[0]).toBe(`${1_000 - kept + 1}`)
  expect(lines.at(-1)).toBe('1000')
  spool.push(entry('later'))
  expect(textsOf(spool)).toEqual(['later'])
})

test('one line that is larger than the spool stays', () => {
  const spool = drainSpool(100)
  spool.push(entry('small'))
  spool.push(entry('x'.repeat(1_000)))
  expect(textsOf(spool).at(-1)).toHaveLength(1_000)
})

test('whoever waits is woken by a line, or by the signal', async () => {
  const spool = drainSpool(1_000)
  const stop = new AbortController()
  const filled = spool.filled(stop.signal)
  spool.push(entry('a'))
  await filled
  expect(textsOf(spool)).toEqual(['a'])
  const ended = spool.filled(stop.signal)
  stop.abort()
  await ended
  expect(spool.size).toBe(0)
})
