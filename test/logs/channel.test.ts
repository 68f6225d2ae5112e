import { expect, test } from 'vitest'
import { Channel } from '../../server/logs/channel.ts'

async function all<T>(channel: Channel<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of channel) items.push(item)
  return items
}

test('the reader gets everything in order, and the end after it', async () => {
  const channel = new Channel<number>()
  for (const item of [1, 2, 3]) await channel.push(item)
  channel.end()
  await channel.push(4)
  expect(await all(channel)).toEqual([1, 2, 3])
})

test('a writer waits while the reader is behind', async () => {
  const channel = new Channel<number>(2)
  await channel.push(1)
  await channel.push(2)
  let written = false
  const third = channel.push(3).then(() => {
    written = true
  })
  await new Promise(setImmediate)
  expect(written).toBe(false)
  const reader = channel[Symbol.asyncIterator]()
  expect((await reader.next()).value).toBe(1)
  await third
  expect((await reader.next()).value).toBe(2)
  expect((await reader.next()).value).toBe(3)
})

test('many writers lose nothing', async () => {
  const channel = new Channel<string>(3)
  const writers = ['a', 'b', 'c'].map(async (writer) => {
    for (let index = 0; index < 50; index++) await channel.push(`${writer}${index}`)
  })
  void Promise.all(writers).then(() => channel.end())
  const items = await all(channel)
  expect(items).toHaveLength(150)
  for (const writer of ['a', 'b', 'c'])
    expect(items.filter((item) => item.startsWith(writer))).toEqual(
      Array.from({ length: 50 }, (_, index) => `${writer}${index}`),
    )
})

test('the end frees a writer that waits', async () => {
  const channel = new Channel<number>(1)
  await channel.push(1)
  const waiting = channel.push(2)
  channel.end()
  await waiting
  expect(await all(channel)).toEqual([1])
})
