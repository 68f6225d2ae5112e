import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { healthApp } from '../apps/health.ts'
import { eventsOf } from '../events-of.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { underLoad } from '../load.ts'
import { made } from '../made.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const check = { path: '/cgi-bin/health', wait: 1, timeout: 2, attempts: 2 }

/** An app of two web containers with one check of `type`. */
async function twoContainers(app: string, type: string): Promise<void> {
  const appJson = { formation: { web: { quantity: 2 } }, healthchecks: { web: [{ ...check, type }] } }
  using repository = await makeRepository(healthApp(app, appJson))
  const push = await repository.push(paas, app)
  expect(push.exitCode, push.stderr).toBe(0)
}

type Process = { process: string; state: string; reason: string | null; restarts: number }
const ps = async (app: string): Promise<Process[]> => JSON.parse(await paas.ok(`ps ${app} --json`)).containers
const backends = async (app: string): Promise<string[]> => {
  const [route] = JSON.parse(await paas.ok(`routes ${app} --json`))
  return route.backends.map((backend: { process: string }) => backend.process)
}
const happened = (app: string, type: string): string[] =>
  eventsOf(paas).flatMap((event) => (event.app?.name === app && event.type === type ? [event.message] : []))

/** Runs `line` by the shell of an app's containers. */
async function inside(app: string, line: string, process?: string): Promise<void> {
  const { containers } = await made(paas, app)
  for (const id of containers) {
    const { stdout } = await execa('docker', ['inspect', '-f', '{{index .Config.Labels "paas.process"}}', id])
    if (process === undefined || stdout === process)
      await execa('docker', ['exec', id, '/bin/sh', '-c', line])
  }
}

test('one that fails its readiness check leaves the routes, and is back once it passes', async () => {
  await twoContainers('ready', 'readiness')
  expect(await backends('ready')).toEqual(['web.1', 'web.2'])
  await inside('ready', 'mkdir -p /tmp; touch /tmp/ill', 'web.2')
  const report = await underLoad(paas, { host: 'ready.localhost', perSecond: 20 }, async () => {
    await until('it is out', async () => (await backends('ready')).join() === 'web.1')
    expect((await ps('ready'))[1]).toMatchObject({
      process: 'web.2',
      state: 'unready',
      reason: 'GET /cgi-bin/health: status 503: the database is away',
      restarts: 0,
    })
    const why = await paas.ok('why ready')
    expect(why).toMatch(/^ready: web\.2 is out of the routes, its readiness check fails: .*status 503/)
    expect(why).toMatch(/\nType: checks:run ready\n$/)
    const run = await paas.ssh('checks:run ready')
    expect(run.exitCode).toBe(1)
    expect(run.stdout).toMatch(/^web\.2 +readiness +GET \/cgi-bin\/health +failed +status 503/m)
    await inside('ready', 'rm /tmp/ill', 'web.2')
    await until('it is back', async () => (await backends('ready')).length === 2)
  })
  expect(report.failed).toEqual({})
  expect(happened('ready', 'process-unready')).toHaveLength(1)
  expect(happened('ready', 'process-ready')).toHaveLength(1)
})

test('those that fail their liveness check are restarted one after the other, with the page up', async () => {
  await twoContainers('live', 'liveness')
  await inside('live', 'mkdir -p /tmp; touch /tmp/ill; echo feeling ill > /proc/1/fd/1')
  const report = await underLoad(paas, { host: 'live.localhost', perSecond: 20 }, async () => {
    // /tmp outlives a restart, so they stay ill until somebody helps: both had their turn by then.
    await until(
      'both were restarted',
      async () => (await ps('live')).every(({ restarts }) => restarts > 0),
      60_000,
    )
    await inside('live', 'rm -f /tmp/ill').catch(() => {})
  })
  expect(report.failed).toEqual({})
  expect(happened('live', 'process-crashed')[0]).toMatch(
    /failed its liveness check GET \/cgi-bin\/health: status 503: the database is away$/,
  )
  expect(await paas.ok('why live')).toContain('       feeling ill')
  // One after the other: between two of them stands that the first runs again.
  const turns = eventsOf(paas).filter(
    ({ app, type }) => app?.name === 'live' && ['process-crashed', 'process-restarted'].includes(type),
  )
  for (const [index, { type }] of turns.entries())
    expect(type).toBe(index % 2 === 0 ? 'process-crashed' : 'process-restarted')
})

test('checks that are disabled take nothing out of the routes', async () => {
  await twoContainers('off', 'readiness')
  await inside('off', 'mkdir -p /tmp; touch /tmp/ill', 'web.1')
  await until('it is out', async () => (await backends('off')).join() === 'web.2')
  await paas.ok('checks:disable off web')
  await until('it is back', async () => (await backends('off')).length === 2)
})
