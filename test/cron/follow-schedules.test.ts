import { expect, test } from 'vitest'
import { dueTimes } from '../../server/cron/follow-schedules.ts'

const at = (time: string): Date => new Date(`2026-03-0${time}Z`)
const iso = (dates: readonly (Date | undefined)[]): readonly (string | undefined)[] =>
  dates.map((date) => date?.toISOString().slice(8, 16))

test('within a minute of its time a run is due, once', () => {
  expect(dueTimes('0 4 * * *', at('1T03:59:00'), at('1T03:59:59'))).toEqual({ missed: [], due: undefined })
  expect(iso([dueTimes('0 4 * * *', at('1T03:59:59'), at('1T04:00:00')).due])).toEqual(['01T04:00'])
  expect(dueTimes('0 4 * * *', at('1T04:00:00'), at('1T04:01:00'))).toEqual({ missed: [], due: undefined })
  expect(iso([dueTimes('0 4 * * *', at('1T03:00:00'), at('1T04:00:45')).due])).toEqual(['01T04:00'])
})

test('later it is missed, and of several the last may still be due', () => {
  const late = dueTimes('0 4 * * *', at('1T03:00:00'), at('3T05:00:00'))
  expect(iso(late.missed)).toEqual(['01T04:00', '02T04:00', '03T04:00'])
  expect(late.due).toBeUndefined()
  const minutes = dueTimes('* * * * *', at('1T04:00:00'), at('1T04:03:20'))
  expect(iso(minutes.missed)).toEqual(['01T04:01', '01T04:02'])
  expect(iso([minutes.due])).toEqual(['01T04:03'])
})

test('times are those of UTC, and a long absence is bounded', () => {
  expect(iso(dueTimes('30 2 29 3 *', at('1T00:00:00'), new Date('2026-03-29T23:00:00Z')).missed)).toEqual([
    '29T02:30',
  ])
  const years = dueTimes('* * * * *', new Date('2000-01-01'), at('1T00:00:30'))
  expect(years.missed).toHaveLength(100)
  expect(iso([years.due])).toEqual(['01T00:00'])
})
