import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

/** A build that runs for minutes, and what it prints first. */
const endlessBuild = (): Record<string, string> => ({
  Dockerfile: `FROM paas/busybox\nRUN echo begun $((6 * 7)); sleep ${randomInt(100_000, 999_999)}\n`,
})

test('a push that comes to one build more than may go on waits for its turn, or goes when it is told to', {
  timeout: 90_000,
}, async () => {
  await using paas = await startInstance({ PAAS_BUILDS_AT_ONCE: '1' })
  using endless = await makeRepository(endlessBuild())
  using next = await makeRepository(staticApp('next'))
  using last = await makeRepository(staticApp('last'))

  const first = endless.startPush(paas, 'endless')
  await first.saw('begun 42')
  const second = next.startPush(paas, 'next')
  await second.saw('Waiting for its turn to be built; builds before it: 1')
  const third = last.startPush(paas, 'last')
  await third.saw('Waiting for its turn to be built; builds before it: 2')

  // Whoever gives up while he waits is gone at once, and so is what he made.
  third.interrupt()
  expect((await third.ended).exitCode).not.toBe(0)
  const fourth = last.startPush(paas, 'last')
  await fourth.saw('Waiting for its turn to be built; builds before it: 2')
  expect(fourth.output()).not.toContain('holds')

  first.interrupt()
  expect((await first.ended).exitCode).not.toBe(0)
  const waited = await second.ended
  expect(waited.exitCode, waited.stderr).toBe(0)
  expect((await paas.get('next.localhost')).body).toBe('next\n')
  const served = await fourth.ended
  expect(served.exitCode, served.stderr).toBe(0)
  expect((await paas.get('last.localhost')).body).toBe('last\n')
})
