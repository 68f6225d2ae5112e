import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesOf } from '../../server/docker/log-file.ts'
import type { LogPlace, LogSource } from '../../server/docker/log-source.ts'
import { until } from '../instance.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
const stop = new AbortController()
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(async () => {
  stop.abort()
  await bench?.[Symbol.asyncDispose]()
})

type Reading = {
  readonly source: LogSource
  readonly texts: string[]
  place: LogPlace | undefined
  lost: boolean
}

/** Reads as `Collected` does, as long as something comes. */
function reading(id: string, place?: LogPlace): Reading {
  const source = bench.engine.containers.logStream(id, { place, onChange: () => take(), signal: stop.signal })
  const now: Reading = { source, texts: [], place, lost: false }
  function take(): void {
    setImmediate(() => {
      for (let chunk = source.read(); chunk; chunk = source.read()) {
        if (source.takeLost()) now.lost = true
        for (const { text, stream } of entriesOf(chunk.bytes))
          now.texts.push(stream === 'stderr' ? `! ${text}` : text)
        now.place = chunk.to
      }
    })
  }
  return now
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

/** Counts up to `$1` each time that it is asked with a signal. */
const counter = (count: number): string =>
  `n=0; trap 'awk -v from=$n "BEGIN { for (i = 1; i <= ${count}; i++) print from + i }"; n=$((n+${count}))' USR1; echo ready >&2; while :; do sleep 0.1; done`

test('what is written comes as it is written, of both streams, and upToNow waits for what is there', async () => {
  const id = await bench.started(counter(3))
  const now = reading(id)
  await until('it has begun', async () => now.texts.includes('! ready'))
  await bench.engine.containers.kill(id, 'SIGUSR1')
  await until('the next are told', async () => now.texts.length === 4)
  expect(now.texts).toEqual(['! ready', '1', '2', '3'])
  await bench.engine.containers.kill(id, 'SIGUSR1')
  await until('Docker has them', async () => (await bench.lines(id)).length === 7)
  await now.source.upToNow()
  await new Promise(setImmediate)
  expect(now.texts.slice(1)).toEqual(numbers(1, 6))
  now.source[Symbol.dispose]()
})

test('a burst over several of Docker’s files is read whole; another reader goes on exactly where one has stopped', async () => {
  const id = await bench.started(counter(60_000), {
    limits: { memoryBytes: 64 * 1024 * 1024, cpus: 1, pids: 64 },
  })
  const first = reading(id)
  await until('it has begun', async () => first.texts.includes('! ready'))
  await bench.engine.containers.kill(id, 'SIGUSR1')
  await until('all of it is there', async () => first.texts.at(-1) === '60000')
  await bench.engine.containers.kill(id, 'SIGUSR1')
  await until('it reads on', async () => first.texts.length > 60_001)
  first.source[Symbol.dispose]()
  await bench.engine.containers.kill(id, 'SIGUSR1')
  const second = reading(id, first.place)
  await until('all of it is there', async () => second.texts.at(-1) === '180000', 60_000)
  expect([...first.texts, ...second.texts].slice(1)).toEqual(numbers(1, 180_000))
  expect(second.lost).toBe(false)
  second.source[Symbol.dispose]()
}, 120_000)

test('a place that Docker has no more is said to be lost, and all that is there is read', async () => {
  const id = await bench.started('echo one; echo two')
  await bench.engine.containers.wait(id)
  const now = reading(id, { inode: 0, offset: 10, time: '2020-01-01T00:00:00.000000000Z' })
  await until('both are read', async () => now.texts.length === 2)
  expect(now.texts).toEqual(['one', 'two'])
  expect(now.lost).toBe(true)
  now.source[Symbol.dispose]()
})

test('what nobody takes stays with Docker; a container that is gone is known to be', async () => {
  const id = await bench.started('seq 1 200000')
  await bench.engine.containers.wait(id)
  let waiting = 0
  const source = bench.engine.containers.logStream(id, {
    place: undefined,
    onChange: () => waiting++,
    signal: stop.signal,
  })
  await until('it waits for who reads', async () => waiting > 5)
  const before = waiting
  let bytes = 0
  for (let index = 0; index < before; index++) bytes += source.read()?.bytes.length ?? 0
  expect(bytes).toBeLessThan(1024 * 1024)
  const all = reading(id)
  await until('another reads all of it', async () => all.texts.length === 200_000)
  await bench.engine.containers.remove(id, { force: true })
  await until('it is gone', async () => all.source.isGone)
  await all.source.upToNow()
  source[Symbol.dispose]()
})
