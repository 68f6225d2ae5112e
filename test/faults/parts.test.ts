import { join } from 'node:path'
import { execa } from 'execa'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadApp } from '../apps/load-app.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { openSocket, underLoad } from '../load.ts'
import { makeRepository, type Repository } from '../repository.ts'

const host = 'parts.localhost'
const load = { host, perSecond: 30, all: true } as const
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(loadApp('r0'))
  const push = await repository.push(paas, 'parts')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  // Its worker passes its first check, then crashes at each start: ten take 80 s, so it is looked at last.
  using loop = await makeRepository({
    ...staticApp('fine'),
    Procfile:
      'web: busybox httpd -f -p $PORT -h /www\nbad: if [ -e /tmp/again ]; then sleep 0.3; else touch /tmp/again; sleep 8; fi; exit 7\n',
  })
  const looped = await loop.push(paas, 'loop')
  if (looped.exitCode !== 0) throw new Error(looped.stderr)
  await paas.ok('scale -a loop bad=1')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Ps = {
  readonly containers: readonly {
    readonly process: string
    readonly state: string
    readonly reason: string | null
    readonly restarts: number
    readonly since: string
  }[]
}
const ps = async (app: string): Promise<Ps['containers']> =>
  (JSON.parse(await paas.ok(`ps -a ${app} --json`)) as Ps).containers

const redisOf = (): Redis => {
  const redis = new Redis({ path: join(paas.home, 'run', 'redis.sock'), maxRetriesPerRequest: 2 })
  redis.on('error', () => {})
  return redis
}

const containersOf = async (app: string, ...filters: string[]): Promise<string[]> => {
  const wanted = ['label=paas.process', `label=paas.instance=${paas.id}`, `label=paas.app=${app}`, ...filters]
  const words = ['ps', '-q', '--no-trunc', ...wanted.flatMap((each) => ['--filter', each])]
  return (await execa('docker', words)).stdout.split('\n').filter(Boolean)
}

test('a flushed Redis costs no request, and has all routes again', async () => {
  const redis = redisOf()
  try {
    const report = await underLoad(paas, load, async () => {
      const socket = await openSocket(paas, host)
      await paas.ok('config:set -a parts DURING=drain')
      await redis.flushall()
      await until('the route is written again', async () => (await redis.exists(`frontend:${host}`)) === 1)
      // What was draining is not taken for drained.
      await socket.echo('still here')
      await redis.flushall()
      await paas.ok('config:set -a parts AFTER=flush')
      await socket.echo('and here')
      await socket.close()
    })
    console.log(`Redis flushed: ${JSON.stringify(report)}`)
    expect(report.failed).toEqual({})
    expect(JSON.parse((await paas.get(host)).body)).toMatchObject({ env: { AFTER: 'flush' } })
  } finally {
    redis.disconnect()
  }
}, 60_000)

test('Redis killed costs no request, and a push waits for it to be back', async () => {
  const report = await underLoad(paas, load, async () => {
    await repository.commit({ 'page.txt': 'pushed' })
    await paas.kill('redis')
    const push = await repository.push(paas, 'parts')
    expect(push.exitCode, push.stderr).toBe(0)
    expect(JSON.parse((await paas.get(host)).body)).toMatchObject({ page: 'pushed' })
  })
  console.log(`Redis killed: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
}, 60_000)

test('a push while Redis stays away is refused in words, and nothing is half-made', async () => {
  const served = (JSON.parse((await paas.get(host)).body) as { page: string }).page
  const supervisor = paas.pid('redis.supervisor') ?? 0
  process.kill(supervisor, 'SIGKILL')
  await paas.kill('redis')
  await repository.commit({ 'page.txt': 'refused' })
  const report = await underLoad(paas, load, async () => {
    const push = await repository.push(paas, 'parts')
    expect(push.exitCode).not.toBe(0)
    expect(push.stderr).toContain('Redis does not answer; nothing was changed')
    const set = await paas.ssh('config:set -a parts NEVER=1')
    expect(set.exitCode).toBe(75)
    expect((await paas.ssh('config:get NEVER -a parts')).stdout).toBe('')
  })
  expect(report.failed).toEqual({})
  expect(JSON.parse((await paas.get(host)).body)).toMatchObject({ page: served })
  await paas.up()
  await until('what had started is gone', async () => (await containersOf('parts')).length === 1)
  expect((await repository.push(paas, 'parts')).exitCode).toBe(0)
  expect(JSON.parse((await paas.get(host)).body)).toMatchObject({ page: 'refused' })
}, 90_000)

test('the router killed is not noticed, and HAProxy killed is back with all routes', async () => {
  const report = await underLoad(paas, load, async () => {
    await paas.kill('router')
    await paas.ok('config:set -a parts ROUTER=killed')
    expect(JSON.parse((await paas.get(host)).body)).toMatchObject({ env: { ROUTER: 'killed' } })
  })
  console.log(`router killed: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  await paas.kill('haproxy')
  const answers = async (): Promise<boolean> => (await paas.get(host).catch(() => undefined))?.status === 200
  const started = Date.now()
  await until('HAProxy serves again', answers, 10_000)
  console.log(`HAProxy killed: back after ${Date.now() - started} ms`)
  const afterwards = await underLoad(paas, load, async () => {
    await paas.ok('config:set -a parts HAPROXY=killed')
  })
  expect(afterwards.failed).toEqual({})
}, 60_000)

test('with two containers, one that is killed is out of the routes at once and started again', async () => {
  await paas.ok('scale -a parts web=2')
  const [victim = ''] = await containersOf('parts', 'label=paas.process=web.1')
  await execa('docker', ['kill', victim])
  await until('its exit was noticed', async () => paas.log('server').includes('exit code 137'))
  await until('it left the routes', async () => {
    const routes = JSON.parse(await paas.ok('routes parts --json')) as { backends: unknown[] }[]
    const [web] = await ps('parts')
    return routes[0]?.backends.length === 1 || web?.state === 'running'
  })
  const report = await underLoad(paas, load, async () => {
    await until('it runs again', async () => (await ps('parts')).every((each) => each.state === 'running'))
    await until('it is routed again', async () => {
      const routes = JSON.parse(await paas.ok('routes parts --json')) as { backends: unknown[] }[]
      return routes[0]?.backends.length === 2
    })
  })
  console.log(`container killed: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
}, 60_000)

test('a worker that is killed is started again', async () => {
  using workers = await makeRepository({
    ...staticApp('with a worker'),
    Procfile: 'web: busybox httpd -f -p $PORT -h /www\nworker: sleep 100000\n',
  })
  expect((await workers.push(paas, 'workers')).exitCode).toBe(0)
  await paas.ok('scale -a workers worker=1')
  const [worker = ''] = await containersOf('workers', 'label=paas.process=worker.1')
  await execa('docker', ['kill', worker])
  await until('the worker is back', async () => {
    const found = (await ps('workers')).find((each) => each.process === 'worker.1')
    return found?.state === 'running' && found.restarts === 1
  })
}, 60_000)

test('a config var that makes the app crash changes nothing, and its last lines are shown', async () => {
  using picky = await makeRepository({
    Dockerfile:
      'FROM paas/busybox\nRUN mkdir /www && echo fine >/www/index.html\nCMD ["/bin/sh", "-c", "[ -z \\"$BAD\\" ] || { echo the value is bad; exit 3; }; exec busybox httpd -f -p $PORT -h /www"]\n',
  })
  expect((await picky.push(paas, 'picky')).exitCode).toBe(0)
  const before = await containersOf('picky')
  const report = await underLoad(paas, { host: 'picky.localhost', perSecond: 20 }, async () => {
    const set = await paas.ssh('config:set -a picky BAD=1')
    expect(set.exitCode).toBe(1)
    expect(set.stderr).toContain('the value is bad')
    expect(set.stderr).toContain('exited with code 3')
  })
  expect(report.failed).toEqual({})
  expect(await containersOf('picky')).toEqual(before)
  expect((await paas.ssh('config:get BAD -a picky')).stdout).toBe('')
}, 60_000)

test('a process that crashes ten times in a row stays down and says so, until it is started again', async () => {
  const bad = async () =>
    (await ps('loop')).find((each) => each.process === 'bad.1' && each.state !== 'retiring')
  await until('it is given up', async () => (await bad())?.state === 'crashed', 150_000)
  expect((await bad())?.reason).toMatch(/exited with code 7.*, 10 times in a row$/)
  const why = await paas.ok('why loop')
  expect(why).toMatch(/^loop: bad\.1 exited with code 7.*, 10 times in a row; it is not started again/)
  expect(why).toMatch(/\nType: ps:restart loop\n$/)
  expect((await paas.get('loop.localhost')).body).toBe('fine\n')
  await paas.ok('ps:start -a loop')
  expect((await bad())?.state).not.toBe('crashed')
  expect((await ps('loop')).find((each) => each.process === 'web.1')?.state).toBe('running')
}, 200_000)
