import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KeptLine } from '../../server/logs/kept-line.ts'
import { KeptLog } from '../../server/logs/kept-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-kept-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const limit = 2 * 1024 * 1024
const open = (): KeptLog => new KeptLog(join(folder, 'log'), () => limit)
const at = '2026-08-01T10:00:00.000000000Z'
const line = (text: string): KeptLine => ({ at, version: 3, process: 'web.1', isNote: false, text })
const cursor = (place: string): ReadonlyMap<string, string> => new Map([['abc', place]])
const missed = (count: number): KeptLine => ({ ...line(`${count} missed`), isNote: true })

async function textsOf(log: KeptLog): Promise<string[]> {
  const blocks: string[][] = []
  for await (const block of log.backwards()) blocks.push(block.map(({ text }) => text))
  return blocks.reverse().flat()
}

test('what was written is read again, also by the next process, with how far its source was read', async () => {
  const log = open()
  log.append([line('one'), { ...line(' two # '), isNote: true }], cursor('12 34'))
  log.append([], cursor('12 56'))
  for (const each of [log, open()]) {
    expect(await textsOf(each)).toEqual(['one', ' two # '])
    expect(each.cursorOf('abc')).toBe('12 56')
    expect(each.cursorOf('other')).toBeUndefined()
    expect(each.end.line).toBe(2)
  }
  for await (const block of open().backwards())
    expect(block).toEqual([line('one'), { ...line(' two # '), isNote: true }])
})

test('a batch that a crash has torn is not there, and is taken anew', async () => {
  const log = open()
  log.append([line('one')], cursor('1'))
  const [name = ''] = readdirSync(join(folder, 'log'))
  for (const torn of [`${at} v3 web.1 torn\n`, '#abc 2']) {
    appendFileSync(join(folder, 'log', name), torn)
    const next = open()
    expect(next.cursorOf('abc')).toBe('1')
    expect(next.end.line).toBe(1)
    expect(await textsOf(next)).toEqual(['one'])
  }
  const next = open()
  next.append([line('two')], cursor('2'))
  expect(await textsOf(open())).toEqual(['one', 'two'])
  expect(open().cursorOf('abc')).toBe('2')
})

test('it stays within its limit, the newest lines whole, and cursors of quiet sources go along', async () => {
  const log = open()
  log.append([], new Map([['quiet', '7 8']]))
  const total = 60_000
  for (let number = 0; number < total; number += 100)
    log.append(
      Array.from({ length: 100 }, (_, index) => line(`${number + index} ${'x'.repeat(60)}`)),
      cursor(String(number)),
    )
  const bytes = readdirSync(join(folder, 'log')).map((name) => statSync(join(folder, 'log', name)).size)
  const sum = bytes.reduce((one, other) => one + other, 0)
  expect(sum).toBeLessThanOrEqual(limit)
  expect(sum).toBeGreaterThan(limit * 0.9)
  const numbers = (await textsOf(open())).map((text) => Number.parseInt(text, 10))
  expect(numbers.at(-1)).toBe(total - 1)
  expect(numbers).toEqual(numbers.map((_, index) => total - numbers.length + index))
  expect(open().cursorOf('quiet')).toBe('7 8')
  expect(open().end.line).toBe(total)
})

test('a follower gets each line once across segments, and who is too slow learns the exact number', async () => {
  const log = open()
  log.append([line('before')], cursor('0'))
  const stop = new AbortController()
  const from = log.end
  const fast: string[] = []
  const following = (async () => {
    for await (const block of log.follow(from, stop.signal, missed))
      for (const { text } of block) {
        fast.push(text)
        if (text === 'last') stop.abort()
      }
  })()
  const total = 60_000
  for (let number = 0; number < total; number += 100) {
    log.append(
      Array.from({ length: 100 }, (_, index) => line(`${number + index} ${'x'.repeat(60)}`)),
      cursor(String(number)),
    )
    await new Promise((resolve) => setImmediate(resolve))
  }
  log.append([line('last')], cursor('last'))
  await following
  expect(fast).toHaveLength(total + 1)
  expect(fast.slice(0, -1).every((text, index) => text.startsWith(`${index} `))).toBe(true)

  const late: string[] = []
  for await (const block of log.follow(from, AbortSignal.timeout(60_000), missed)) {
    late.push(...block.map(({ text }) => text))
    if (late.at(-1) === 'last') break
  }
  const [, count] = /^(\d+) missed$/.exec(late[0] ?? '') ?? []
  expect(Number(count)).toBeGreaterThan(1_000)
  expect(late.length - 1 + Number(count)).toBe(total + 1)
})

test('followers of an app that is gone end', async () => {
  const log = open()
  const following = (async () => {
    for await (const _ of log.follow(log.end, new AbortController().signal, missed)) expect.unreachable()
  })()
  log[Symbol.dispose]()
  await following
})
