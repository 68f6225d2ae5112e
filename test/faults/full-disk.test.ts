import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

/** The promise is for 50: FILLS=50. */
const fills = Number(process.env.FILLS ?? 20)
/** Enough for everything that an instance writes in this test, and small enough to be filled in no time. */
const size = '96m'

test('a folder that is filled to the last byte again and again loses nothing that was said to be done', {
  timeout: 180_000,
}, async () => {
  await using paas = await startInstance({ PAAS_DISK_FLOOR: '1m' }, { prepareHome: mountSmall })
  using repository = await makeRepository(staticApp('first'))
  const first = await repository.push(paas, 'blog')
  expect(first.exitCode, first.stderr).toBe(0)
  await repository.commit(staticApp('second'))

  let value = 'none'
  const report = { fills: 0, changesDone: 0, changesRefused: 0, lost: 0, internalErrors: 0, pushesRefused: 0 }
  await paas.ok(`config:set blog --no-restart VALUE=${value}`)
  for (let fill = 1; fill <= fills; fill++) {
    using _full = fillUp(paas.home)
    report.fills++
    // Large enough to need room of its own in the store.
    const next = `${fill}-${'x'.repeat(fill % 2 === 0 ? 60_000 : 10)}`
    const set = await paas.ssh(`config:set blog --no-restart VALUE=${next}`)
    if (set.exitCode === 0) {
      value = next
      report.changesDone++
    } else report.changesRefused++
    if (set.stderr.includes('Internal error')) report.internalErrors++
    if (fill % 10 === 0) {
      const push = await repository.push(paas, 'blog')
      if (push.exitCode !== 0) report.pushesRefused++
      expect(push.stderr).toContain('The disk is nearly full')
    }
    expect((await paas.get('blog.localhost')).body).toBe('first\n')
    if ((await paas.ok('config:get blog VALUE')) !== `${value}\n`) report.lost++
  }
  console.log(`disk filled: ${JSON.stringify(report)}`)
  expect(report).toMatchObject({ fills, lost: 0, internalErrors: 0, pushesRefused: fills / 10 })
  expect(report.changesRefused).toBeGreaterThan(0)

  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('blog.localhost')).body).toBe('second\n')
  await paas.kill('server')
  await paas.up()
  expect(await paas.ok('config:get blog VALUE')).toBe(`${value}\n`)
  await paas.down()
  const state = new DatabaseSync(join(paas.home, 'state.db'))
  expect(state.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  state.close()
})

async function mountSmall(home: string): Promise<void> {
  mkdirSync(home)
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'paas-test', home])
}

/** Writes until nothing more goes in; what it wrote is gone again on dispose. */
function fillUp(folder: string): Disposable {
  const path = join(folder, 'filler')
  const file = openSync(path, 'w')
  for (const block of [1024 * 1024, 4096, 1]) {
    const bytes = Buffer.alloc(block)
    try {
      while (writeSync(file, bytes) === block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(file)
  return { [Symbol.dispose]: () => rmSync(path) }
}
