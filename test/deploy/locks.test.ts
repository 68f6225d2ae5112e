import { expect, test } from 'vitest'
import { type Holder, Locks } from '../../server/deploy/locks.ts'
import { InterruptedError } from '../../server/errors.ts'

const job = (
  who: string,
  onWait: (holder: Holder) => void = () => {},
  signal = new AbortController().signal,
) => ({
  who,
  what: 'push',
  onWait,
  signal,
})

test('one job at a time, in the order in which they came', async () => {
  const locks = new Locks()
  const order: string[] = []
  let inside = 0
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (who) => {
      using _lock = await locks.hold('app', job(who))
      expect(++inside).toBe(1)
      order.push(who)
      await Promise.resolve()
      inside--
    }),
  )
  expect(order).toEqual(['a', 'b', 'c', 'd'])
  expect(locks.holder('app')).toBeUndefined()
})

test('whoever waits is told who holds the app', async () => {
  const locks = new Locks()
  const first = await locks.hold('app', job('ann'))
  const told: string[] = []
  const second = locks.hold(
    'app',
    job('bob', (holder) => told.push(`${holder.who} ${holder.what}`)),
  )
  first[Symbol.dispose]()
  using _lock = await second
  expect(told).toEqual(['ann push'])
  expect(locks.holder('app')?.who).toBe('bob')
})

test('apps do not wait for each other', async () => {
  const locks = new Locks()
  using _one = await locks.hold('one', job('ann'))
  using _other = await locks.hold('other', job('bob'))
  expect(locks.holder('other')?.who).toBe('bob')
})

test('a wait can be given up, and the lock goes to the next', async () => {
  const locks = new Locks()
  const first = await locks.hold('app', job('ann'))
  const gone = new AbortController()
  const second = locks.hold(
    'app',
    job('bob', () => {}, gone.signal),
  )
  const third = locks.hold('app', job('cid'))
  gone.abort()
  await expect(second).rejects.toThrow(InterruptedError)
  expect(locks.holder('app')?.who).toBe('ann')
  first[Symbol.dispose]()
  using _lock = await third
  expect(locks.holder('app')?.who).toBe('cid')
})
