import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadApp } from '../apps/load-app.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { openSocket, underLoad } from '../load.ts'
import { makeRepository, type Repository } from '../repository.ts'

const host = 'load.localhost'
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
  repository = await makeRepository(loadApp('r0'))
  const push = await repository.push(paas, 'load')
  if (push.exitCode !== 0) throw new Error(push.stderr)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const load = { host, perSecond: 40, all: true } as const

type Ps = {
  containers: { process: string; state: string; release: string; since: string; address: string }[]
}
/** What tells containers apart, not what they use now. */
const ps = async (): Promise<Ps['containers']> =>
  (JSON.parse(await paas.ok('ps load --json')) as Ps).containers.map(
    ({ process, state, release, since, address }) => ({ process, state, release, since, address }),
  )
const live = async (): Promise<Ps['containers']> => (await ps()).filter((each) => each.state === 'running')
const page = async (): Promise<{ page: string; release: string; env: Record<string, string> }> =>
  JSON.parse((await paas.get(host)).body)

test('ten redeploys lose no request, upload, stream or WebSocket', async () => {
  const socket = await openSocket(paas, host)
  const opened = Date.now()
  // Only the 60 s drain limit, which begins with the first redeploy, may end it.
  const echo = async (text: string): Promise<void> => {
    if (socket.isOpen() || Date.now() - opened < 60_000) await socket.echo(text)
  }
  const report = await underLoad(paas, load, async () => {
    for (let round = 1; round <= 10; round++) {
      await repository.commit({ 'page.txt': `r${round}` })
      const push = await repository.push(paas, 'load')
      expect(push.exitCode, push.stderr).toBe(0)
      expect((await page()).page).toBe(`r${round}`)
      await echo(`round ${round}`)
    }
  })
  console.log(`ten redeploys: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  expect(report.done).toBeGreaterThan(100)
  await echo('after all')
  await socket.close()
  await until('the old containers are gone', async () => (await ps()).length === 1, 100_000)
}, 180_000)

test('a WebSocket of the old release goes on echoing while the new one serves', async () => {
  const socket = await openSocket(paas, host)
  const before = await live()
  await paas.ok('config:set -a load SOCKET=1')
  expect((await page()).env.SOCKET).toBe('1')
  await socket.echo('one')
  expect((await ps()).map((each) => each.state).sort()).toEqual(['retiring', 'running'])
  await socket.echo('two')
  await socket.close()
  await until('the old container is gone', async () => (await ps()).length === before.length)
}, 60_000)

test('scaling 1, 3, 2, config:set and rollback lose no request and touch only what changes', async () => {
  const report = await underLoad(paas, load, async () => {
    const [one] = await live()
    await paas.ok('scale -a load web=3')
    const three = await live()
    expect(three).toHaveLength(3)
    expect(three).toContainEqual(one)
    await paas.ok('scale -a load web=2')
    const two = await live()
    expect(two.map((each) => each.process)).toEqual(['web.1', 'web.2'])
    for (const container of two) expect(three).toContainEqual(container)
    await paas.ok('config:set -a load COLOUR=red')
    expect((await page()).env.COLOUR).toBe('red')
    await paas.ok('rollback -a load')
    expect((await page()).env.COLOUR).toBeUndefined()
  })
  console.log(`scale, config, rollback: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  expect(report.done).toBeGreaterThan(50)
}, 120_000)

test('the server killed and restarted is not noticed by apps or their visitors', async () => {
  const before = await live()
  const report = await underLoad(paas, load, async () => {
    for (let round = 0; round < 2; round++) {
      await paas.kill('server')
      await paas.up()
      expect(await live()).toEqual(before)
    }
  })
  console.log(`server restarts: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
}, 60_000)

test('a drain goes on across a restart of the server', async () => {
  const socket = await openSocket(paas, host)
  await paas.ok('config:set -a load DRAIN=1')
  await paas.kill('server')
  await paas.up()
  await socket.echo('still here')
  expect((await ps()).some((each) => each.state === 'retiring')).toBe(true)
  await socket.close()
  await until('nothing is left of it', async () => !(await ps()).some((each) => each.state === 'retiring'))
  const docker = await execa('docker', [
    ...['ps', '-aq', '--filter', `label=paas.instance=${paas.id}`],
    ...['--filter', 'label=paas.process'],
  ])
  expect(docker.stdout.split('\n')).toHaveLength((await ps()).length)
}, 60_000)

test('an app that ignores SIGTERM does not hold up its deploy', async () => {
  using stubborn = await makeRepository({
    Dockerfile:
      'FROM paas/busybox\nCMD ["/bin/sh", "-c", "trap : TERM; while :; do printf \'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\nok\' | busybox nc -l -p $PORT; done"]\n',
  })
  expect((await stubborn.push(paas, 'stubborn')).exitCode).toBe(0)
  const started = Date.now()
  await paas.ok('config:set -a stubborn A=1')
  const tookMs = Date.now() - started
  const states = (JSON.parse(await paas.ok('ps stubborn --json')) as Ps).containers.map((each) => each.state)
  expect(states.sort()).toEqual(['retiring', 'running'])
  expect(tookMs).toBeLessThan(25_000)
  await paas.ok('destroy -a stubborn --force')
}, 90_000)
