import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 90_000 })

type Entry = { id: string; command: string; suspended: boolean; next: string | null; last: object | null }
type Run = {
  id: number
  entry: string
  outcome: string | null
  exitCode: number | null
  run: string | null
  message: string
}

const cron = [
  { command: 'echo tick', schedule: '* * * * *' },
  { command: 'echo out; echo err >&2; exit 3', schedule: '0 0 1 1 *' },
  { command: 'sleep 1001', schedule: '15 4 * * 1-5', concurrency_policy: 'forbid' },
  { command: 'sleep 1002', schedule: '@daily', concurrency_policy: 'replace' },
]

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository({ ...staticApp('page'), 'app.json': JSON.stringify({ cron }) })
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const entries = async (): Promise<readonly Entry[]> =>
  (JSON.parse(await paas.ok('cron:list blog --json')) as { entries: Entry[] }).entries
const runs = async (): Promise<readonly Run[]> =>
  (JSON.parse(await paas.ok('cron:report blog --json -n 50')) as { runs: Run[] }).runs
async function idOf(command: string): Promise<string> {
  const entry = (await entries()).find((each) => each.command === command)
  if (!entry) throw new Error(`No entry ${command}`)
  return entry.id
}
const running = async (): Promise<readonly string[]> => {
  const filter = ['--filter', `label=paas.instance=${paas.id}`, '--filter', 'name=-run-']
  const { stdout } = await execa('docker', ['ps', '--format', '{{.Names}}', ...filter])
  return stdout.split('\n').filter(Boolean)
}

test('cron:list has the entries of app.json with the time at which each is due next', async () => {
  const found = await entries()
  expect(found.map(({ command }) => command)).toEqual(cron.map(({ command }) => command))
  for (const { next } of found) expect(Date.parse(next ?? '')).toBeGreaterThan(Date.now() - 1_000)
  expect(await paas.ok('cron blog')).toMatch(/sleep 1001 +forbid/)
})

test('cron:run shows what an entry prints and ends as it does, and both are kept', async () => {
  const ran = await paas.ssh(`cron:run blog ${await idOf('echo out; echo err >&2; exit 3')}`)
  expect(ran.exitCode).toBe(3)
  expect(ran.stdout).toContain('out\n')
  expect(ran.stdout).toContain('err\n')
  const [run] = await runs()
  expect(run).toMatchObject({ outcome: 'failed', exitCode: 3, message: 'exited with code 3' })
  // In which order is nobody's to say: they are two streams.
  const { lines } = JSON.parse(await paas.ok(`cron:report blog ${run?.id} --json`)) as {
    lines: { text: string }[]
  }
  expect(lines.map(({ text }) => text).sort()).toEqual(['err', 'out'])
  expect(await paas.ok('events blog')).toContain('exited with code 3')
  expect(await paas.ok('why blog')).toContain(`cron:report blog ${run?.id}`)
  await until(
    'its container is gone',
    async () => !(await running()).some((name) => name.includes(run?.run ?? '-')),
  )
  expect(await paas.ok(`cron:run blog ${await idOf('echo tick')}`)).toContain('tick\n')
})

test('forbid lets a run go on and skips the next, replace ends it for the next', async () => {
  const forbid = await idOf('sleep 1001')
  await paas.ok(`cron:run blog ${forbid} --detach`)
  const skipped = await paas.ssh(`cron:run blog ${forbid}`)
  expect(skipped.exitCode).toBe(1)
  expect(skipped.stderr).toContain('forbid')
  expect((await runs())[0]).toMatchObject({ outcome: 'skipped' })

  const replace = await idOf('sleep 1002')
  await paas.ok(`cron:run blog ${replace} --detach`)
  await until('the first runs', async () => (await running()).length === 2)
  await paas.ok(`cron:run blog ${replace} --detach`)
  await until('only the second runs', async () => {
    const [second, first] = (await runs()).filter(({ entry }) => entry === replace)
    const names = await running()
    return (
      first?.outcome === 'replaced' &&
      !names.some((name) => name.endsWith(`-${first.run}`)) &&
      names.some((name) => name.endsWith(`-${second?.run}`))
    )
  })
})

test('a run outlives the server, and its end is seen by the next one', async () => {
  const entry = await idOf('sleep 1002')
  const run = (await runs()).find((each) => each.entry === entry && each.outcome === null)
  await paas.kill('server')
  await until('it is back', async () => (await paas.ssh('version')).exitCode === 0)
  const name = (await running()).find((each) => each.endsWith(`-${run?.run}`)) ?? 'none'
  await execa('docker', ['kill', name])
  await until('its end is known', async () =>
    (await runs()).some(
      ({ id, outcome, exitCode }) => id === run?.id && outcome === 'failed' && exitCode === 137,
    ),
  )
})

test('runs that were due while the server was down are said', async () => {
  await paas.down()
  const state = new DatabaseSync(join(paas.home, 'state.db'))
  state.exec(`UPDATE cron_seen SET until = '${new Date(Date.now() - 3_600_000).toISOString()}'`)
  state.close()
  await paas.up()
  const tick = await idOf('echo tick')
  const missed = async (): Promise<Run | undefined> =>
    (await runs()).find(({ entry, outcome }) => entry === tick && outcome === 'missed')
  await until('it is said', async () => (await missed()) !== undefined)
  expect((await missed())?.message).toMatch(/^(59|60) runs from .*: the server was down$/)
  expect(await paas.ok('events blog')).toContain('missed')
})

test('what is suspended is not due, one entry or all', async () => {
  const tick = await idOf('echo tick')
  await paas.ok(`cron:suspend blog ${tick}`)
  expect((await entries()).map(({ suspended }) => suspended)).toEqual([true, false, false, false])
  await paas.ok('cron:suspend blog')
  expect((await entries()).map(({ next }) => next)).toEqual([null, null, null, null])
  expect((await paas.ssh(`cron:resume blog ${tick}`)).stderr).toContain('cron:resume blog')
  await paas.ok('cron:resume blog')
  expect((await entries()).some(({ suspended }) => suspended)).toBe(false)
  expect((await paas.ssh('cron:suspend blog 00000000')).exitCode).toBe(1)
})

test('each minute what is due runs once', async () => {
  const ticks = async (): Promise<number> =>
    (await runs()).filter(({ message, outcome }) => outcome === 'succeeded' && message === null).length
  const before = await ticks()
  await until('the minute has come', async () => (await ticks()) > before, 75_000)
  expect(await paas.ok('cron blog')).toMatch(/echo tick .*succeeded/)
})

test('a viewer sees the schedule alone, and an app goes with its history', async () => {
  const ann = await addPerson(paas, 'ann')
  await paas.ok('access:add blog ann -r viewer')
  expect((await ann.ssh('cron:list blog')).exitCode).toBe(0)
  for (const line of [`cron:run blog ${await idOf('echo tick')}`, 'cron:report blog', 'cron:suspend blog'])
    expect((await ann.ssh(line)).exitCode, line).toBe(77)
  await paas.ok('destroy blog --force')
  expect(await running()).toEqual([])
})
