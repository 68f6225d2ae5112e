import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { outputLimits } from '../../server/outputs/output-file.ts'
import type { OutputLine } from '../../server/outputs/output-line.ts'
import { Outputs } from '../../server/outputs/outputs.ts'

let home: string
let outputs: Outputs
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'paas-outputs-'))
  outputs = new Outputs(home)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const job = { appId: 'app', id: 17 }
const texts = (lines: readonly OutputLine[]): string[] => lines.map(({ text }) => text)
const never = new AbortController().signal

test('what was written is read line by line, also by the next process', () => {
  const file = outputs.open(job)
  file.write('-----> Building\n')
  file.write('       one\n       two\n')
  const expected = ['-----> Building', '       one', '       two']
  expect(texts(outputs.read(job))).toEqual(expected)
  expect(texts(new Outputs(home).read(job))).toEqual(expected)
  expect(outputs.read(job).map(({ number }) => number)).toEqual([1, 2, 3])
})

test('what a crash has torn is left out, and what is added stays a line of its own', () => {
  outputs.open(job).write('whole\n')
  appendFileSync(join(home, 'outputs', 'app', '17.log'), '2 2026-11-26T12:')
  const next = new Outputs(home)
  next.append(job, ' !     The server ended in the middle')
  expect(texts(next.read(job))).toEqual(['whole', ' !     The server ended in the middle'])
})

test('of an output without end, beginning and end are kept, and how much is missing is said', () => {
  const file = outputs.open(job)
  const total = 20_000
  for (let number = 1; number <= total; number++) file.write(`${number} ${'x'.repeat(80)}\n`)
  outputs.close(job)
  const folder = join(home, 'outputs', 'app')
  const bytes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  expect(Math.max(...bytes)).toBeLessThanOrEqual(outputLimits.fileBytes)
  expect(bytes).toHaveLength(3)
  const lines = texts(outputs.read(job))
  expect(lines[0]).toMatch(/^1 x/)
  expect(lines.at(-1)).toMatch(/^20000 x/)
  const gap = lines.findIndex((line) => line.includes('lines were not kept'))
  const missing = Number(/(\d+) lines were not kept/.exec(lines[gap] ?? '')?.[1])
  expect(lines).toHaveLength(total - missing + 1)
  expect(Number.parseInt(lines[gap + 1] ?? '', 10)).toBe(gap + 1 + missing)
})

test('a line without end is cut, and says so', () => {
  outputs.open(job).write(`${'x'.repeat(100_000)}\n`)
  expect(texts(outputs.read(job))).toEqual([`${'x'.repeat(outputLimits.lineLength)} ...`])
})

test('who follows gets what was there and what comes, each line once, to the end', async () => {
  const file = outputs.open(job)
  file.write('before\n')
  const got: string[] = []
  const following = (async () => {
    for await (const { text } of outputs.follow(job, never)) {
      got.push(text)
      // Lines that come while the reader is busy are not lost.
      if (text === 'before') file.write('meanwhile\n')
      if (text === 'meanwhile') setImmediate(() => file.write('later\n'))
      if (text === 'later') setImmediate(() => outputs.close(job))
    }
  })()
  await following
  expect(got).toEqual(['before', 'meanwhile', 'later'])
})

test('who follows and goes is let go at once', async () => {
  outputs.open(job).write('before\n')
  const gone = new AbortController()
  const got: string[] = []
  for await (const { text } of outputs.follow(job, gone.signal)) {
    got.push(text)
    gone.abort()
  }
  expect(got).toEqual(['before'])
})

test('a slow reader of more than memory holds reads on from the file', async () => {
  const file = outputs.open(job)
  const got: number[] = []
  for await (const { number } of outputs.follow(start(file), never)) {
    got.push(number)
    if (number === 1) for (let more = 0; more < 3_000; more++) file.write(`line ${more}\n`)
    if (number === 3_001) outputs.close(job)
  }
  expect(got).toEqual(Array.from({ length: 3_001 }, (_, index) => index + 1))
})

const start = (file: { write(text: string): void }): typeof job => {
  file.write('first\n')
  return job
}

test('the outputs of the oldest jobs make room, and all go with the app', () => {
  for (let id = 1; id <= 102; id++) {
    outputs.open({ appId: 'app', id }).write('x\n')
    outputs.close({ appId: 'app', id })
  }
  expect(outputs.read({ appId: 'app', id: 1 })).toEqual([])
  expect(outputs.read({ appId: 'app', id: 3 })).toHaveLength(1)
  expect(readdirSync(join(home, 'outputs', 'app'))).toHaveLength(100)
  outputs.removeOf('app')
  expect(existsSync(join(home, 'outputs', 'app'))).toBe(false)
})

test('a folder that cannot be written fails no job', () => {
  appendFileSync(join(home, 'outputs'), 'a file in its place')
  const file = outputs.open(job)
  file.write('still said\n')
  expect(texts(file.since(1))).toEqual(['still said'])
})
