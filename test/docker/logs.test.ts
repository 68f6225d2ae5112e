import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogLine } from '../../server/docker/logs.ts'
import { InterruptedError } from '../../server/errors.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('a container’s log', { timeout: 60_000 }, () => {
  test('has every line with its time and stream', async () => {
    const id = await ended('echo one; echo two >&2; echo; printf "no end"')
    const lines = await read(id)
    expect(lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual([
      'one',
      '',
      'no end',
    ])
    expect(lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text)).toEqual(['two'])
    for (const { at } of lines) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/)
  })

  test('joins a line of more than 16 KB and keeps its characters whole', async () => {
    const id = await ended(
      'i=0; while [ $i -lt 4000 ]; do printf "ä%04d-äöü€" $i; i=$((i+1)); done; echo; echo next',
    )
    const wanted = Array.from({ length: 4000 }, (_, i) => `ä${String(i).padStart(4, '0')}-äöü€`).join('')
    expect((await read(id)).map(({ text }) => text)).toEqual([wanted, 'next'])
  })

  test('is read whole at the reader’s pace', async () => {
    const id = await ended('seq 1 20000')
    let count = 0
    for await (const { text } of bench.engine.containers.logs(id)) {
      count += 1
      expect(text).toBe(String(count))
      await new Promise(setImmediate)
    }
    expect(count).toBe(20_000)
  })

  test('begins where it is asked to', async () => {
    const id = await ended('for i in 1 2 3 4 5; do echo $i; done')
    const all = await read(id)
    expect((await read(id, { tail: 2 })).map(({ text }) => text)).toEqual(['4', '5'])
    expect(await read(id, { since: all[2]?.at ?? '' })).toEqual(all.slice(2))
  })

  test('is followed until the container ends', async () => {
    const id = await bench.started('echo first; read line < /tmp/pipe; echo $line', {
      command: [
        '/bin/sh',
        '-c',
        'mkfifo /tmp/pipe; echo first; trap "echo last; exit" USR1; while true; do sleep 0.1; done',
      ],
    })
    const lines: string[] = []
    for await (const { text } of bench.engine.containers.logs(id, { follow: true })) {
      lines.push(text)
      if (text === 'first') await bench.engine.containers.kill(id, 'SIGUSR1')
    }
    expect(lines).toEqual(['first', 'last'])
  })

  test('is followed until the signal', async () => {
    const id = await bench.started('echo first; sleep 1000')
    const stop = new AbortController()
    const follow = async () => {
      for await (const _ of bench.engine.containers.logs(id, { follow: true, signal: stop.signal }))
        stop.abort()
    }
    await expect(follow()).rejects.toBeInstanceOf(InterruptedError)
  })

  test('of a terminal comes in lines too', async () => {
    const id = await bench.engine.containers.create(bench.spec('echo one; echo two', { tty: true }))
    await bench.engine.containers.start(id)
    await bench.engine.containers.wait(id)
    expect((await read(id)).map(({ text }) => text)).toEqual(['one', 'two'])
  })
})

async function ended(command: string): Promise<string> {
  const id = await bench.started(command)
  await bench.engine.containers.wait(id)
  return id
}

async function read(id: string, options = {}): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const line of bench.engine.containers.logs(id, options)) lines.push(line)
  return lines
}
