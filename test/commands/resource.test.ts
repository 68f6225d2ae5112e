import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processApp } from '../apps/processes.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

const mebibyte = 1024 ** 2

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(processApp('page'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('scale blog worker=1')
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

/** What Docker holds the app's running containers to, by process. */
function held(): Record<
  string,
  { Memory: number; NanoCpus: number; MemoryReservation: number; CpuShares: number }
> {
  const filters = [`label=paas.instance=${paas.id}`, 'label=paas.process']
  const ids = execFileSync('docker', ['ps', '-q', ...filters.flatMap((each) => ['--filter', each])], {
    encoding: 'utf8',
  })
  const found = JSON.parse(
    execFileSync('docker', ['inspect', ...ids.split('\n').filter(Boolean)], { encoding: 'utf8' }),
  ) as { Config: { Labels: Record<string, string> }; HostConfig: ReturnType<typeof held>[string] }[]
  return Object.fromEntries(found.map((each) => [each.Config.Labels['paas.process'], each.HostConfig]))
}

type Ps = { containers: { process: string; state: string; since: string; memoryLimitBytes: number }[] }
const sinceOf = async (process: string): Promise<string | undefined> => {
  const { containers } = JSON.parse(await paas.ok('ps blog --json')) as Ps
  return containers.find((each) => each.process === process && each.state === 'running')?.since
}
const onlyLive = (): Promise<void> =>
  until('the replaced one is gone', async () => {
    const { containers } = JSON.parse(await paas.ok('ps blog --json')) as Ps
    return containers.length === 2
  })

test('a limit of one process type holds at once, and the other type is not touched', async () => {
  const worker = await sinceOf('worker.1')
  const said = await paas.ok('resource:limit blog --memory 128 --cpu 0.5 --process-type web')
  expect(said).toContain('blog, web: 0.5 CPUs, 128 MB each')
  expect(await sinceOf('worker.1')).toBe(worker)
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ Memory: 128 * mebibyte, NanoCpus: 5e8 })
  expect(held()['worker.1']).toMatchObject({ Memory: 512 * mebibyte, NanoCpus: 1e9 })
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
})

test('the report says what each type has, and ps what it uses of it', async () => {
  expect(await paas.ok('resource:report blog')).toMatch(/^web +0\.5 +128 MB +- +-$/m)
  expect(await paas.ok('resource blog')).toMatch(/^worker +1 +512 MB +- +- +by rule$/m)
  expect(await paas.ok('ps blog')).toMatch(
    /^web\.1 +running +v1 +\d+ \w+.* +0 +\d\.\d\d of 0\.5 +[\d.]+ [kM]B of 128 MB$/m,
  )
  const { containers } = JSON.parse(await paas.ok('ps blog --json')) as {
    containers: Record<string, unknown>[]
  }
  expect(containers[0]).toMatchObject({ cpuLimit: 0.5, memoryLimitBytes: 128 * mebibyte, restarts: 0 })
  expect(containers[0]?.memoryBytes).toBeGreaterThan(0)
  expect(containers[0]?.memoryBytes).toBeLessThan(128 * mebibyte)
  expect(containers[0]?.upMs).toBeGreaterThan(0)
})

test('what is said of all types holds for those without a word of their own, one-offs among them', async () => {
  await paas.ok('resource:limit blog --memory 256m')
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ Memory: 128 * mebibyte })
  expect(held()['worker.1']).toMatchObject({ Memory: 256 * mebibyte })
  const limit =
    "sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true'"
  expect(await paas.ok(`run blog ${limit}`)).toBe(`${256 * mebibyte}\n`)
  await paas.ok('resource:limit blog --memory 64m --process-type run')
  expect(await paas.ok(`run blog ${limit}`)).toBe(`${64 * mebibyte}\n`)
})

test('what is reserved reaches Docker, and may not be more than the limit', async () => {
  const said = await paas.ok('resource:reserve blog --memory 32m --cpu 0.25 --process-type web')
  expect(said).toContain('128 MB, keeps 0.25 CPUs and 32 MB each')
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ MemoryReservation: 32 * mebibyte, CpuShares: 256 })
  const tooMuch = await paas.ssh('resource:reserve blog --memory 200m --process-type web')
  expect(tooMuch.exitCode).toBe(1)
  expect(tooMuch.stderr).toContain('resource:reserve-clear')
  await paas.ok('resource:reserve-clear blog')
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ Memory: 128 * mebibyte, MemoryReservation: 0, CpuShares: 0 })
})

test('a new release and a rollback keep today’s limits', async () => {
  await paas.ok('config:set blog A=1')
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ Memory: 128 * mebibyte })
  await paas.ok('resource:limit blog --memory 160m --process-type web')
  await paas.ok('rollback blog v1')
  await onlyLive()
  expect(held()['web.1']).toMatchObject({ Memory: 160 * mebibyte })
})

test('where the app does not come up within its limit, the old one holds, and the message names the command', async () => {
  await repository.commit({
    Procfile:
      "web: sh -c 'head -c 40m /dev/zero | tail > /dev/null || exit 9; exec busybox httpd -f -p $PORT -h www'\n",
  })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  const refused = await paas.ssh('resource:limit blog --memory 20m --process-type web')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('out of memory (limit 20 MB)')
  expect(refused.stderr).toContain('resource:limit blog --process-type web --memory')
  expect(await paas.ok('resource:report blog')).toMatch(/^web +0\.5 +160 MB/m)
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
})

test('limits can be cleared, of one type or of all', async () => {
  await paas.ok('resource:limit-clear blog --process-type web')
  expect(await paas.ok('resource:report blog')).toMatch(/^web +1 +256 MB/m)
  await paas.ok('resource:limit-clear blog')
  const { types } = JSON.parse(await paas.ok('resource:report blog --json'))
  expect(types.map((each: { byRule: boolean }) => each.byRule)).toEqual([true, true])
})

test('what cannot be is refused, and builds are said to have no limit of their own', async () => {
  for (const words of [
    '--memory x',
    '--memory 1k',
    '--cpu 0',
    '--cpu -1',
    '',
    '--memory 512m --process-type a/b',
  ])
    expect(await paas.ssh(`resource:limit empty ${words}`), words).toMatchObject({ exitCode: 64, stdout: '' })
  expect((await paas.ssh('resource:limit blog --cpu 4000')).stderr).toContain('The machine has')
  expect((await paas.ssh('resource:limit blog --process-type wbe --cpu 1')).stderr).toContain(
    'no process type "wbe"',
  )
  expect((await paas.ssh('resource:limit blog --process-type build --memory 1g')).stderr).toContain(
    'BuildKit',
  )
})

test('before the first deploy a limit counts from it on', async () => {
  expect(await paas.ok('resource:limit empty --memory 96m')).toContain('from the first deploy on')
  using first = await makeRepository(processApp('first'))
  expect((await first.push(paas, 'empty')).exitCode).toBe(0)
  const { containers } = JSON.parse(await paas.ok('ps empty --json')) as Ps
  expect(containers[0]?.memoryLimitBytes).toBe(96 * mebibyte)
})
