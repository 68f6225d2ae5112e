import { execFileSync } from 'node:child_process'
import { parse } from 'dotenv'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportLine } from '../server/config-formats.ts'
import { UserError } from '../server/errors.ts'

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom("'", '"', '`', '\\', '\n', '\r', '#', ' ', 'n', '=', '$') }),
)

test('an env file gives every value back, or says that it cannot', () => {
  let refused = 0
  fc.assert(
    fc.property(value, (text) => {
      try {
        expect(parse(`${exportLine('KEY', text, 'envfile')}\n`)).toEqual({ KEY: text })
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeLessThan(250)
})

test('a shell gives every value back', () => {
  const values = fc.sample(
    value.filter((text) => !text.includes('\0') && text.isWellFormed()),
    { numRuns: 100, seed: 1 },
  )
  const lines = values.map((text, index) => exportLine(`V${index}`, text, index % 2 ? 'exports' : 'shell'))
  const prints = values.map((_, index) => `printf '%s\\0' "$V${index}"`)
  const printed = execFileSync('sh', ['-s'], { input: [...lines, ...prints].join('\n') })
  expect(printed.toString().split('\0').slice(0, -1)).toEqual(values)
})
