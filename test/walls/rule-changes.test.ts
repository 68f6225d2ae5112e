import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RuleChanges } from '../../server/walls/rule-changes.ts'
import { until } from '../instance.ts'
import { isMonitor, monitorsOf } from './monitors.ts'

const table = `paas-test-changes-${process.pid}`
const nft = (...words: string[]) => execa('nft', words)

let closing: AbortController
let changes: RuleChanges
beforeEach(async () => {
  closing = new AbortController()
  changes = new RuleChanges(closing.signal)
  await nft('add', 'table', 'inet', table)
})
afterEach(async () => {
  closing.abort()
  await nft('delete', 'table', 'inet', table)
})

/** Other tests change rules as well. */
const calm = (): Promise<void> => until('nothing changes', async () => !changes.mayBe())
const noticed = (): Promise<void> => until('it is noticed', async () => changes.mayBe())

test('rules may have changed until it listens, and from then on when they do', async () => {
  expect(changes.mayBe()).toBe(true)
  await calm()
  for (const words of [
    ['add', 'chain', 'inet', table, 'one'],
    ['add', 'rule', 'inet', table, 'one', 'accept'],
    ['flush', 'chain', 'inet', table, 'one'],
    ['delete', 'table', 'inet', table],
    ['add', 'table', 'inet', table],
  ]) {
    await nft(...words)
    await noticed()
    await calm()
  }
})

test('what a stopped listener has not read, and what was lost before it could, counts as changed', async () => {
  await calm()
  const [monitor = 0] = monitorsOf(process.pid)
  process.kill(monitor, 'SIGSTOP')
  try {
    await nft('add', 'chain', 'inet', table, 'one')
    await noticed()
    expect(changes.mayBe(), 'it stays unread').toBe(true)
    const elements = Array.from({ length: 60_000 }, (_, each) => `10.0.${each >> 8}.${each & 255}`)
    const set = `add set inet ${table} many { type ipv4_addr; }`
    const fill = elements.map((each) => `add element inet ${table} many { ${each} }`)
    const input = [set, ...fill, `delete set inet ${table} many`].join('\n')
    await until('more was lost than it has room for', async () => {
      await execa('nft', ['-f', '-'], { input })
      changes.mayBe()
      return !isMonitor(monitor)
    })
  } finally {
    if (isMonitor(monitor)) process.kill(monitor, 'SIGCONT')
  }
  await calm()
  expect(monitorsOf(process.pid), 'another one listens').not.toContain(monitor)
}, 60_000)

test('a listener that ends is begun anew, and in between rules may have changed', async () => {
  await calm()
  const [monitor = 0] = monitorsOf(process.pid)
  process.kill(monitor, 'SIGKILL')
  await noticed()
  await calm()
  expect(monitorsOf(process.pid)).not.toContain(monitor)
  await nft('add', 'chain', 'inet', table, 'one')
  await noticed()
})

test('a listener does not outlive a server that was killed by more than one change', async () => {
  const module = join(import.meta.dirname, '../../server/walls/rule-changes.ts')
  const script = `import { RuleChanges } from '${module}'
    const changes = new RuleChanges(new AbortController().signal)
    setInterval(() => changes.mayBe(), 50)`
  const server = execa(process.execPath, ['--input-type=module', '-e', script], { reject: false })
  await until('it listens', async () => monitorsOf(server.pid ?? 0).length === 1)
  const [monitor = 0] = monitorsOf(server.pid ?? 0)
  server.kill('SIGKILL')
  await server
  await until('it is gone', async () => {
    await nft('add', 'chain', 'inet', table, 'one')
    return !isMonitor(monitor)
  })
})
