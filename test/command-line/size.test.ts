import { expect, test } from 'vitest'
import { parseSize, sizeText } from '../../server/command-line/size.ts'

test.each([
  ['0', 0],
  ['512', 512],
  ['1k', 1024],
  ['500m', 500 * 1024 ** 2],
  ['2g', 2 * 1024 ** 3],
  ['1.5G', 1.5 * 1024 ** 3],
  ['2GB', 2 * 1024 ** 3],
  ['2GiB', 2 * 1024 ** 3],
])('%s is %d bytes', (word, bytes) => {
  expect(parseSize(word)).toBe(bytes)
})

test.each(['', 'g', '-1g', '1.g', '1x', 'two', '1e3', '999999999999999t', '1 g'])(
  '"%s" is no size',
  (word) => {
    expect(parseSize(word)).toBeUndefined()
  },
)

test('a size is read as people write it', () => {
  const sizes = [0, 1, 1023, 1024, 1536, 10 * 1024, 1024 ** 2, 2.25 * 1024 ** 3, 5 * 1024 ** 4]
  expect(sizes.map(sizeText)).toEqual([
    '0 B',
    '1 B',
    '1023 B',
    '1.0 kB',
    '1.5 kB',
    '10 kB',
    '1.0 MB',
    '2.3 GB',
    '5.0 TB',
  ])
})
