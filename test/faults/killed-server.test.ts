import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { killAfterStep } from '../kill-after-step.ts'
import { underLoad } from '../load.ts'
import { orphansOf } from '../orphans.ts'
import { makeRepository, type Repository } from '../repository.ts'

const host = 'kill.localhost'
const load = { host, perSecond: 20 } as const
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
  repository = await makeRepository(staticApp('r0'))
  const push = await repository.push(paas, 'kill')
  if (push.exitCode !== 0) throw new Error(push.stderr)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Ps = { readonly containers: readonly { readonly process: string; readonly state: string }[] }
const ps = async (): Promise<Ps['containers']> =>
  (JSON.parse(await paas.ok('ps -a kill --json')) as Ps).containers

async function expectNoOrphans(): Promise<void> {
  await until('old containers are gone', async () => (await ps()).every((each) => each.state === 'running'))
  // Sandboxes and images that are not kept go behind what they belonged to.
  await until('nothing is left over', async () =>
    Object.values(await orphansOf(paas)).every((left) => left.length === 0),
  ).catch(() => {})
  expect(await orphansOf(paas)).toEqual(none)
}

const none = { containers: [], sandboxes: [], networks: [], images: [], databases: [], routes: [] }

/** The branch stands where the running release says, for a clone as for the server. */
async function expectBranchAgrees(): Promise<void> {
  const remote = await repository.git(['ls-remote', 'paas:kill', 'refs/heads/main'], {
    environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
  })
  const info = JSON.parse(await paas.ok('releases:info -a kill --json')) as { commit: string }
  expect(remote.stdout.split('\t')[0]).toBe(info.commit)
}

const killed = (step: string, work: () => Promise<unknown>): Promise<number> =>
  killAfterStep(paas, step, work)

const afterSwitch = ['switched', 'ref-moved', 'routed']

test('a push whose server is killed after any step ends as old or new, never neither', async () => {
  let text = 'r0'
  let usableMs = 0
  const report = await underLoad(paas, load, async () => {
    for (const step of ['received', 'built', 'released', 'started', 'checked', ...afterSwitch]) {
      const next = `after ${step}`
      await repository.commit({ 'www/index.html': next })
      await killed(step, () => repository.push(paas, 'kill'))
      if (afterSwitch.includes(step)) text = next
      const started = Date.now()
      expect((await paas.get(host)).body.trim(), step).toBe(text)
      await expectBranchAgrees()
      await paas.ok(`config:set -a kill STEP=${step}`)
      usableMs = Math.max(usableMs, Date.now() - started)
      expect((await paas.get(host)).body.trim(), step).toBe(text)
    }
  })
  console.log(`push killed at 8 steps: usable after ${usableMs} ms; ${JSON.stringify(report)}`)
  expect(usableMs).toBeLessThan(10_000)
  expect(report.failed).toEqual({})
  await expectNoOrphans()
  // What was refused can be pushed again, and deploys.
  await repository.commit({ 'www/index.html': 'last' })
  expect((await repository.push(paas, 'kill')).exitCode).toBe(0)
  expect((await paas.get(host)).body).toBe('last')
}, 120_000)

const setting = async (): Promise<string | undefined> => {
  const got = await paas.ssh('config:get VALUE -a kill')
  const running = (await paas.get(host, '/cgi-bin/environment')).body
  const value = /(?:^|\0)VALUE=([^\0]*)/.exec(running)?.[1]
  // What is said and what runs are never two things.
  expect(got.exitCode === 0 ? got.stdout.trim() : undefined).toBe(value)
  return value
}

test('config:set, scale and rollback whose server is killed after any step end as old or new', async () => {
  const report = await underLoad(paas, load, async () => {
    for (const step of ['released', 'started', 'checked', 'switched', 'routed']) {
      const before = await setting()
      await killed(step, () => paas.ssh(`config:set -a kill VALUE=${step}`))
      expect(await setting(), step).toBe(afterSwitch.includes(step) ? step : before)
    }
    for (const step of ['started', 'checked', 'switched']) {
      await killed(step, () => paas.ssh('scale -a kill web=2'))
      const formation = JSON.parse(await paas.ok('ps -a kill --json')) as { formation: { web: number } }
      expect(formation.formation.web, step).toBe(afterSwitch.includes(step) ? 2 : 1)
      await until('as many run', async () => (await ps()).length === formation.formation.web)
    }
    await killed('switched', () => paas.ssh('scale -a kill web=1'))
    await until('one runs', async () => (await ps()).filter((each) => each.state === 'running').length === 1)
    await paas.ok('config:set -a kill VALUE=newest')
    for (const step of ['released', 'checked', 'switched']) {
      await killed(step, () => paas.ssh('rollback -a kill'))
      expect(await setting(), step).toBe(step === 'switched' ? 'routed' : 'newest')
    }
  })
  console.log(`config:set, scale and rollback killed at 12 steps: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  await expectNoOrphans()
}, 180_000)

test('a first push whose server is killed leaves an app that can be pushed again', async () => {
  using first = await makeRepository(staticApp('hello'))
  await killed('built', () => first.push(paas, 'first'))
  expect((await first.push(paas, 'first')).exitCode).toBe(0)
  expect((await paas.get('first.localhost')).body).toBe('hello\n')
  await killed('switched', () => paas.ssh('destroy -a first --force'))
  await until('it is gone', async () => (await paas.ssh('apps:create first')).exitCode === 0)
  await paas.ok('destroy -a first --force')
  await expectNoOrphans()
}, 60_000)
