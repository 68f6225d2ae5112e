import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Spool } from '../../server/logs/spool.ts'
import { spooled } from '../../server/logs/spooled.ts'

const spool = (mostBytes: number): Spool<string> =>
  new Spool({ mostBytes, sizeOf: () => 1, missed: (count, next) => `${count} before ${next}` })

async function* upTo(count: number, error?: Error): AsyncGenerator<string> {
  for (let number = 1; number <= count; number++) yield `${number}`
  if (error) throw error
}

test('the source is read before anybody takes, and what was too much is counted', async () => {
  const waiting = spool(10)
  const taken = spooled(upTo(100), waiting)
  while (waiting.size + waiting.missed < 100) await nextTurn()
  expect(waiting.size).toBeLessThanOrEqual(10)
  const all: string[] = []
  for await (const text of taken) all.push(text)
  const kept = all.slice(1)
  expect(all[0]).toBe(`${100 - kept.length} before ${kept[0]}`)
  expect(kept.at(-1)).toBe('100')
})

test('what was read before the source failed is taken first', async () => {
  const all: string[] = []
  const take = async (): Promise<void> => {
    for await (const text of spooled(upTo(3, new Error('broken')), spool(10))) all.push(text)
  }
  await expect(take()).rejects.toThrow('broken')
  expect(all).toEqual(['1', '2', '3'])
})
