import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rows } from '../../scripts/security/rows.ts'

const checkout = join(import.meta.dirname, '..', '..')

test('each of the 23 promises under attack has a row, in order', () => {
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 23 }, (_, index) => String(index + 1)))
})

test.each(rows)('row $row names tests that are there', ({ attacks }) => {
  for (const [file, named] of attacks) {
    expect(existsSync(join(checkout, file)), file).toBe(true)
    if (named) expect(readFileSync(join(checkout, file), 'utf8'), file).toMatch(named)
  }
})
