import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EventLog } from '../../server/events/event-log.ts'
import { Events } from '../../server/events/events.ts'

let home: string
let folder: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'paas-events-'))
  folder = join(home, 'events')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const files = (): string[] => readdirSync(folder).sort()
const path = (index: number): string => join(folder, files()[index] ?? '')
const numbers = (log: EventLog): number[] =>
  [...log.newestFirst()].map((line) => JSON.parse(line).sequence).reverse()

test('lines follow one another, also in a log that is opened again', () => {
  const log = new EventLog({ folder })
  expect([log.append({ type: 'a' }), log.append({ type: 'b' })]).toEqual([1, 2])
  const again = new EventLog({ folder })
  expect(again.append({ type: 'ü "c"' })).toBe(3)
  expect(numbers(again)).toEqual([1, 2, 3])
  expect(again.verify()).toMatchObject({ lines: 3, from: 1, last: { sequence: 3 }, broken: undefined })
})

test('full files are followed by new ones, the oldest go, and what is left is still proved', () => {
  const log = new EventLog({ folder, fileBytes: 500, files: 3 })
  for (let index = 0; index < 40; index++) log.append({ type: 'x'.repeat(50) })
  expect(files()).toHaveLength(3)
  const verdict = log.verify()
  expect(verdict.broken).toBeUndefined()
  expect(verdict.from).toBeGreaterThan(1)
  expect(verdict.from + verdict.lines - 1).toBe(40)
  expect(new EventLog({ folder, fileBytes: 500, files: 3 }).append({})).toBe(41)
  expect(log.verify().broken).toBeDefined()
})

test.each<[string, (text: string) => string, RegExp, number]>([
  ['changed', (text) => text.replace('"b"', '"x"'), /it was changed/, 2],
  ['removed', (text) => text.split('\n').toSpliced(1, 1).join('\n'), /does not follow line 1/, 2],
  [
    'doubled',
    (text) =>
      text
        .split('\n')
        .toSpliced(1, 0, text.split('\n')[1] ?? '')
        .join('\n'),
    /follow/,
    3,
  ],
  ['swapped', (text) => [1, 0, 2].map((at) => text.split('\n')[at]).join('\n'), /follow/, 1],
  ['no line of ours', (text) => text.replace(/.*"b".*/, '{}'), /not one of ours/, 2],
  [
    'the last and missing',
    (text) => `${text.split('\n').slice(0, 2).join('\n')}\n`,
    /up to 3 are missing/,
    3,
  ],
])('a line that is %s is named', (_, change, why, line) => {
  const log = new EventLog({ folder })
  for (const type of ['a', 'b', 'c']) log.append({ type })
  writeFileSync(path(0), change(readFileSync(path(0), 'utf8')))
  const { broken } = log.verify()
  expect(broken?.why).toMatch(why)
  expect(broken).toMatchObject({ file: '000000000001.jsonl', line })
})

test('a file that is gone from the middle is named', () => {
  const log = new EventLog({ folder, fileBytes: 1 })
  for (const type of ['a', 'b', 'c']) log.append({ type })
  rmSync(path(1))
  expect(log.verify().broken).toMatchObject({ file: '000000000003.jsonl', line: 1 })
})

test('a torn last line is cut off when the server starts, which is said, and the chain goes on', () => {
  new EventLog({ folder }).append({ type: 'whole' })
  appendFileSync(path(0), '{"sequence":2,"type":"to')
  const said: string[] = []
  const events = new Events(home, (line) => said.push(line))
  expect(said).toEqual(['The last event was torn by a crash: its 24 bytes were cut off'])
  expect(events.latest(9, () => true).map(({ type }) => type)).toEqual(['whole', 'events-repaired'])
  expect(events.verify()).toMatchObject({ lines: 2, broken: undefined })
  new Events(home, (line) => said.push(line))
  expect(said).toHaveLength(1)
})

test('a log that a crash left with a torn first line alone begins anew', () => {
  const log = new EventLog({ folder, fileBytes: 1 })
  log.append({ type: 'a' })
  writeFileSync(join(folder, '000000000002.jsonl'), '{"seq')
  const again = new EventLog({ folder, fileBytes: 1 })
  expect(again.append({ type: 'b' })).toBe(2)
  expect(again.verify()).toMatchObject({ lines: 2, broken: undefined })
})

test('what cannot be written refuses a deed, and of an event is said in the log', () => {
  const said: string[] = []
  const events = new Events(home, (line) => said.push(line))
  rmSync(folder, { recursive: true })
  const deed = { who: 'ann', key: 'k', fingerprint: 'f', address: 'a', what: 'ps:restart' }
  expect(() => events.begin(deed)).toThrow('The audit cannot be written; nothing was changed')
  events.record({ type: 'it-happened', who: 'ann', message: 'so' })
  expect(said.at(-1)).toContain('it-happened: so')
})
