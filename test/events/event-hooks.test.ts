import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runEventHooks } from '../../server/events/event-hooks.ts'
import { Events } from '../../server/events/events.ts'
import type { Paas } from '../../server/paas.ts'
import { until } from '../instance.ts'

let home: string
let events: Events
let closing: AbortController
let ended: Promise<void>
let said: string[]
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'paas-hooks-'))
  said = []
  closing = new AbortController()
  const log = (line: string): void => void said.push(line)
  events = new Events(home, log)
  const paas = { events, log, closing: closing.signal, settings: { home } } as unknown as Paas
  ended = runEventHooks(paas, 2_000)
})
afterEach(async () => {
  closing.abort()
  await ended
  rmSync(home, { recursive: true, force: true })
})

function writeHook(name: string, body: string): void {
  const file = join(home, 'hooks', name)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
}

const app = { id: 'abc', name: 'blog' }
const happen = (type: string, facts = {}): void =>
  events.record({ type, app, who: 'ann', message: 'It "happened"', facts })
const read = (name: string): string =>
  existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8') : ''

test('a hook gets the facts of its event as environment, and nothing of the server’s', async () => {
  writeHook('deploy-failed/10-tell', `env | grep -v '^PWD=\\|^SHLVL=\\|^_=' | sort > ${home}/told`)
  happen('deploy-started')
  happen('deploy-failed', { kind: 'push', release: 'v3' })
  await until('it ran', async () => read('told') !== '')
  const names = read('told')
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0])
  expect(read('told')).toContain('PAAS_EVENT_MESSAGE=It "happened"\n')
  expect(read('told')).toMatch(/^PAAS_APP=blog\nPAAS_APP_ID=abc\nPAAS_EVENT=deploy-failed\n/)
  expect(read('told')).toContain('PAAS_EVENT_KIND=push\n')
  expect(names.filter((name) => !name?.startsWith('PAAS_'))).toEqual(['PATH'])
})

test('hooks run in the order of what happened, and one that fails is said and holds up nothing', async () => {
  writeHook('deploy-started/10-fail', 'echo no luck; exit 3')
  writeHook('deploy-started/20-next', `echo started >> ${home}/order`)
  writeHook('deploy-succeeded/10-next', `echo succeeded >> ${home}/order`)
  happen('deploy-started')
  happen('deploy-succeeded')
  await until('both ran', async () => read('order').includes('succeeded'))
  expect(read('order')).toBe('started\nsucceeded\n')
  expect(said).toEqual(['The hook deploy-started/10-fail failed (exit code 3): no luck'])
})

test('what waits for a hook that hangs has an end, and how many it missed is said', async () => {
  writeHook('deploy-started/10-slow', `: > ${home}/hangs; while [ ! -e ${home}/go ]; do sleep 0.05; done`)
  writeHook('deploy-failed/10-count', `echo "$PAAS_EVENT_NUMBER" >> ${home}/told`)
  happen('deploy-started')
  await until('it hangs', async () => existsSync(join(home, 'hangs')))
  // Nobody waits for these.
  for (let number = 0; number < 100; number++) happen('cron-run')
  for (let number = 0; number < 50; number++) happen('deploy-failed')
  writeFileSync(join(home, 'go'), '')
  await until('the last is told', async () => read('told').endsWith('\n151\n'))
  const told = read('told').trim().split('\n').map(Number)
  expect(told).toEqual(told.map((_, index) => 151 - told.length + index + 1))
  expect(said).toEqual([`Hooks were too slow for ${50 - told.length} events, which they were not told of`])
})

test('a hook that runs when the server closes is ended', async () => {
  writeHook('process-crashed/10-long', `echo $$ > ${home}/pid; exec sleep 1000`)
  happen('process-crashed')
  await until('it runs', async () => read('pid') !== '')
  closing.abort()
  await ended
  expect(existsSync(`/proc/${read('pid').trim()}`)).toBe(false)
})
