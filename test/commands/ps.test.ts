import { afterAll, beforeAll, expect, test } from 'vitest'
import { processApp } from '../apps/processes.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository(processApp('page'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Ps = {
  release: string
  stopped: boolean
  formation: Record<string, number>
  traffic: { requests: number } | null
  containers: { process: string; state: string; address: string; since: string }[]
}
const ps = async (): Promise<Ps> => JSON.parse(await paas.ok('ps blog --json')) as Ps
const live = async (): Promise<string[]> =>
  (await ps()).containers.filter(({ state }) => state === 'running').map(({ process }) => process)

test('ps shows what runs, as text and as JSON', async () => {
  expect(await paas.ok('ps blog')).toMatch(
    /^web\.1 +running +v1 +\d+ seconds? +0 +([\d.]+ of 1 +[\d.]+ \wB of 512 MB|- +-)$/m,
  )
  expect(await ps()).toMatchObject({
    app: 'blog',
    release: 'v1',
    stopped: false,
    formation: { web: 1, worker: 0, console: 0 },
    pendingConfig: [],
  })
  expect(await paas.ok('ps empty')).toContain('git push paas:empty main')
  const all = JSON.parse(await paas.ok('ps:report --all --json'))
  expect(all.map((each: { app: string }) => each.app)).toEqual(['blog', 'empty'])
})

test('ps shows what was asked of the app in the last minute', async () => {
  await paas.get('blog.localhost')
  await until('the request is counted', async () => ((await ps()).traffic?.requests ?? 0) > 0)
  expect((await ps()).traffic).toMatchObject({ failed: 0, p95Ms: expect.any(Number), inFlight: 0 })
  expect(await paas.ok('ps blog')).toMatch(
    /^Last minute: \d+ requests, 0 failed \(5xx\), 95 of 100 answered within \d+ ms; 0 in flight$/m,
  )
})

test('scale starts and stops only the difference', async () => {
  const before = await ps()
  /** What tells the first container from another in its place. */
  const sameOf = ({ containers: [first] }: Ps) => ({ since: first?.since, address: first?.address })
  expect(await paas.ok('scale blog web=2 worker+1')).toContain('web=2')
  expect(await live()).toEqual(['web.1', 'web.2', 'worker.1'])
  expect(sameOf(await ps())).toEqual(sameOf(before))
  expect(await paas.ok('ps:scale blog')).toBe('console=0\nweb=2\nworker=1\n')
  expect(JSON.parse(await paas.ok('scale blog web-1 worker:0 --json'))).toEqual({
    console: 0,
    web: 1,
    worker: 0,
  })
  await until('what is surplus is gone', async () => (await ps()).containers.length === 1)
  expect(sameOf(await ps())).toEqual(sameOf(before))
})

test('what cannot be a formation is refused', async () => {
  for (const word of ['web=-1', 'web=x', 'web=101', 'web=', '=2', 'web=1.5', 'web-5', 'web+100'])
    expect(await paas.ssh(`scale blog ${word}`), word).toMatchObject({ exitCode: 64, stdout: '' })
  const unknown = await paas.ssh('scale blog wbe=2')
  expect(unknown.exitCode).toBe(1)
  expect(unknown.stderr).toContain('web, worker, console')
  expect((await ps()).formation).toEqual({ console: 0, web: 1, worker: 0 })
})

test('scale before the first deploy counts from it on', async () => {
  expect(await paas.ok('scale empty web=2')).toContain('web=2')
  expect(await paas.ok('scale empty')).toBe('web=2\n')
})

test('ps:restart replaces the containers of one type or of all, on the same release', async () => {
  await paas.ok('scale blog worker=1')
  const before = await ps()
  expect(await paas.ok('restart blog worker')).toContain('v1')
  const sinceOf = (each: Ps, process: string): string | undefined =>
    each.containers.find((container) => container.process === process && container.state === 'running')?.since
  expect(sinceOf(await ps(), 'web.1')).toBe(sinceOf(before, 'web.1'))
  expect(sinceOf(await ps(), 'worker.1')).not.toBe(sinceOf(before, 'worker.1'))
  await paas.ok('ps:restart --all')
  expect(sinceOf(await ps(), 'web.1')).not.toBe(sinceOf(before, 'web.1'))
  const unknown = await paas.ssh('ps:restart blog wbe')
  expect(unknown.exitCode).toBe(1)
  expect(unknown.stderr).toContain('no process type "wbe"')
  expect((await paas.ssh('ps:restart empty')).stderr).toContain('git push paas:empty main')
})

test('ps:stop answers 503 until ps:start', async () => {
  expect(await paas.ok('ps:stop blog')).toContain('ps:start blog')
  expect((await paas.get('blog.localhost')).status).toBe(503)
  expect(JSON.parse(await paas.ok('apps:report blog --json'))).toMatchObject({ status: 'stopped' })
  await until('nothing runs', async () => (await ps()).containers.length === 0)
  expect(await paas.ok('ps blog')).toContain('ps:start blog')
  expect(JSON.parse(await paas.ok('ps:start blog --json'))).toEqual({ app: 'blog', stopped: false })
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
})

test('ps:kill ends one container, and it comes back', async () => {
  expect((await paas.ssh('ps:kill blog web.9')).stderr).toContain('runs no web.9')
  const before = (await ps()).containers[0]
  await paas.ok('ps:kill blog web.1')
  await until('it is started again', async () => {
    const now = (await ps()).containers[0]
    return now?.state === 'running' && now.since !== before?.since
  })
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
})

test('ps:inspect shows what Docker says, and no config value', async () => {
  await paas.ok('config:set blog SECRET=not-to-be-seen')
  const containers = JSON.parse(await paas.ok('ps:inspect blog web.1'))
  expect(containers.at(-1)).toMatchObject({
    process: 'web.1',
    state: 'running',
    labels: { 'paas.app': 'blog' },
  })
  expect(await paas.ok('ps:inspect blog --json')).not.toContain('not-to-be-seen')
  expect((await paas.ssh('ps:inspect blog web.9')).exitCode).toBe(1)
})

test('ps:rebuild builds the deployed commit again', async () => {
  const { release } = await ps()
  expect(JSON.parse(await paas.ok('ps:rebuild blog --json')).release).not.toBe(release)
  expect(await paas.ok('deploysite blog')).toContain('serves')
  expect((await paas.ssh('ps:rebuild empty')).stderr).toContain('git push paas:empty main')
  expect(await paas.ssh('ps:rebuild --all --app blog')).toMatchObject({ exitCode: 64 })
})
