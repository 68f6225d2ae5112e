import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countLines, entriesOf, LogFile, logLengthNow } from '../../server/docker/log-file.ts'
import type { LogPlace } from '../../server/docker/log-source.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'paas-log-file-')), 'id')
  mkdirSync(folder)
  path = join(folder, 'id-json.log')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const entry = (log: string, time = '2026-08-01T10:00:00.12Z'): string =>
  `${JSON.stringify({ log, stream: 'stdout', time })}\n`

let second = 0
/** As Docker does it, with two files beside the newest. */
const write = (text: string): void =>
  appendFileSync(path, entry(`${text}\n`, new Date(Date.UTC(2026, 0, 1, 0, 0, second++)).toISOString()))
const rotate = (): void => {
  if (existsSync(`${path}.1`)) renameSync(`${path}.1`, `${path}.2`)
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
}

function rest(file: LogFile): { texts: string[]; place: LogPlace | undefined } {
  const texts: string[] = []
  let place: LogPlace | undefined
  for (let chunk = file.read(); chunk; chunk = file.read()) {
    texts.push(...[...entriesOf(chunk.bytes)].map(({ text }) => text))
    place = chunk.to
  }
  return { texts, place }
}

test('entries are read through rotations, and after the container was removed', () => {
  write('one')
  using file = new LogFile(folder, 'id')
  expect(rest(file).texts).toEqual(['one'])
  for (const text of ['two', 'three', 'four']) {
    write(text)
    rotate()
    file.read()
  }
  write('five')
  expect(rest(file).texts.at(-1)).toBe('five')
  write('six')
  rmSync(folder, { recursive: true })
  expect(file.isGone).toBe(true)
  expect(rest(file).texts).toEqual(['six'])
  expect(file.takeLost()).toBe(false)
})

test('how long the newest file is, is known once it is read, and told apart from what had its place', () => {
  write('one')
  using file = new LogFile(folder, 'id')
  expect(file.length).toBeUndefined()
  rest(file)
  const first = file.length
  expect(first).toEqual(logLengthNow(folder, 'id'))
  write('two')
  expect(file.length).toEqual(first)
  rest(file)
  expect(file.length).toEqual(logLengthNow(folder, 'id'))
  rotate()
  write('three')
  rest(file)
  expect(file.length).toEqual(logLengthNow(folder, 'id'))
  expect(file.length?.identity).not.toBe(first?.identity)
})

test('the next process goes on where this one stopped, or says that entries are lost', () => {
  write('one')
  using first = new LogFile(folder, 'id')
  const { place } = rest(first)
  if (!place) throw new Error('nothing was read')
  write('two')
  rotate()
  write('three')
  using second = new LogFile(folder, 'id', place)
  expect(rest(second).texts).toEqual(['two', 'three'])
  expect(second.takeLost()).toBe(false)
  for (const text of ['four', 'five', 'six']) {
    rotate()
    write(text)
  }
  using third = new LogFile(folder, 'id', place)
  expect(rest(third).texts).toEqual(['four', 'five', 'six'])
  expect(third.takeLost()).toBe(true)
})

test('a file that has the number of an earlier one is not taken for it', () => {
  write('one')
  using first = new LogFile(folder, 'id')
  const { place } = rest(first)
  if (!place) throw new Error('nothing was read')
  writeFileSync(path, '')
  write('1st')
  write('2nd')
  using second = new LogFile(folder, 'id', place)
  expect(rest(second).texts).toEqual(['1st', '2nd'])
  expect(second.takeLost()).toBe(true)
})

test('lines are counted as they are read, whatever stands in them', () => {
  const texts = [
    'plain\n',
    'ends with a written \\n',
    'two backslashes \\\\n',
    'quotes ","stream":"\n',
    `${'x'.repeat(16 * 1024)}`,
    `${'"'.repeat(16 * 1024 - 1)}`,
    `${'"'.repeat(16 * 1024)}`,
    'its end\n',
    '\n',
  ]
  const bytes = Buffer.from(`${texts.map((text) => entry(text)).join('')}torn by a crash\n`)
  const ends = [...entriesOf(bytes)].filter(({ isEnd }) => isEnd)
  expect(countLines(bytes)).toBe(ends.length)
  expect(ends).toHaveLength(7)
  expect(ends[0]).toMatchObject({ at: '2026-08-01T10:00:00.120000000Z', text: 'plain', stream: 'stdout' })
})

test('what was read through the API before goes on behind the same entry', () => {
  for (const text of ['one', 'two']) write(text)
  appendFileSync(path, entry('three\n', '2026-08-01T10:00:00.12Z'))
  rotate()
  write('four')
  using file = new LogFile(folder, 'id', { inode: 0, offset: 77, time: '2026-08-01T10:00:00.120000000Z' })
  expect(rest(file).texts).toEqual(['four'])
  expect(file.takeLost()).toBe(false)
  using lost = new LogFile(folder, 'id', { inode: 0, offset: 77, time: '2020-01-01T00:00:00.000000000Z' })
  expect(rest(lost).texts).toEqual(['one', 'two', 'three', 'four'])
  expect(lost.takeLost()).toBe(true)
})
