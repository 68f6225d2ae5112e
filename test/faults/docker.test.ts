import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { type DockerProxy, type Fault, startDockerProxy } from '../docker-proxy.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { underLoad } from '../load.ts'
import { makeRepository, type Repository } from '../repository.ts'

const host = 'dock.localhost'
const folder = mkdtempSync(join(tmpdir(), 'paas-proxy-'))
let docker: DockerProxy
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  docker = await startDockerProxy(join(folder, 'docker.sock'))
  paas = await startInstance({ DOCKER_HOST: docker.url })
  repository = await makeRepository(staticApp('r0'))
  const push = await repository.push(paas, 'dock')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  // Each release's image stays, so that one too many is seen.
  await paas.ok('releases:set dock keep 50')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await docker?.heal()
  await paas?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const lines = async (...words: string[]): Promise<string[]> =>
  (await execa('docker', words)).stdout.split('\n').filter(Boolean)
/** Sandboxes apart: one waits for the next deploy. */
const ours = (...words: string[]): Promise<string[]> =>
  lines(
    ...words,
    ...['--filter', `label=paas.instance=${paas.id}`],
    ...(words[0] === 'ps' ? ['--filter', 'label=paas.process'] : []),
  )

type Deploy = { readonly state: string; readonly message: string | null }

let last = 'r0'
const faults: readonly { fault: Fault; at?: RegExp; says: string }[] = [
  { fault: 'refuse', says: 'Docker is unavailable; nothing was changed' },
  { fault: 'error', at: /^POST \/build/, says: 'the daemon is not well' },
  { fault: 'error', at: /^POST \/containers\/create/, says: 'the daemon is not well' },
  { fault: 'error', at: /^POST \/containers\/[^/]+\/start/, says: 'the daemon is not well' },
  { fault: 'cut', at: /^POST \/build/, says: 'Docker is unavailable' },
  { fault: 'cut', at: /^POST \/containers\/create/, says: 'Docker is unavailable' },
  { fault: 'cut', at: /^POST \/containers\/[^/]+\/start/, says: 'Docker is unavailable' },
  { fault: 'cut', at: /^GET \/images\/[^/]+\/json/, says: 'Docker is unavailable' },
]

for (const { fault, at, says } of faults) {
  test(`a push that meets "${fault}" at ${at?.source ?? 'every call'} is refused in words, and the old release serves`, async () => {
    await repository.commit({ 'www/index.html': `${fault} ${at}` })
    await docker.fail(fault, at)
    const report = await underLoad(paas, { host, perSecond: 20 }, async () => {
      const push = await repository.push(paas, 'dock')
      expect(push.exitCode).not.toBe(0)
      expect(push.stderr).toContain(says)
      expect(push.stderr).not.toContain('nternal error')
      // What needs no Docker goes on.
      expect(await paas.ok('releases -a dock')).toContain('v1')
      expect(await paas.ok('apps')).toContain('dock')
    })
    expect(docker.hits + Number(fault === 'refuse')).toBeGreaterThan(0)
    expect(report.failed).toEqual({})
    expect((await paas.get(host)).body.trim()).toBe(last)
    await docker.heal()
    await until('nothing is left of it', async () => {
      const [containers, images] = [await ours('ps', '-aq'), await ours('images', '-q')]
      const releases = JSON.parse(await paas.ok('releases -a dock --json')) as { imageGone: boolean }[]
      const kept = releases.filter(({ imageGone }) => !imageGone)
      return containers.length === 1 && images.length === kept.length
    })
    // What the pusher was told is not told otherwise once its clean-up is done.
    await until('its end is journalled', async () => {
      const [deploy] = JSON.parse(await paas.ok('deploys -a dock -n 1 --json')) as Deploy[]
      return deploy?.state === 'failed' && deploy.message?.includes(says) === true
    })
    last = `${fault} ${at}`
    expect((await repository.push(paas, 'dock')).exitCode).toBe(0)
    expect((await paas.get(host)).body.trim()).toBe(last)
  }, 60_000)
}

// A push meets it only where no sandbox was made ahead.
test('a one-off that meets a cut connection while its network is looked up is refused in words', async () => {
  await docker.fail('cut', /^GET \/networks/)
  const ran = await paas.ssh('run dock true')
  expect(docker.hits).toBeGreaterThan(0)
  expect(ran.stderr).toContain('Docker is unavailable')
  expect(ran.exitCode).toBe(75)
  await docker.heal()
  expect((await paas.ssh('run dock true')).exitCode).toBe(0)
})

test('a Docker that hangs is given up after its deadline, and the app is free again', async () => {
  // What is to be taken back would hang as well.
  await docker.fail('hang', /^(POST|DELETE) \/containers\//)
  const started = Date.now()
  const set = await paas.ssh('config:set -a dock HANGS=1')
  expect(Date.now() - started).toBeLessThan(50_000)
  expect(set.exitCode).toBe(75)
  expect(set.stderr).toContain('Docker did not answer within 30 s')
  await docker.heal()
  docker.dropAll()
  await paas.ok('config:set -a dock HANGS=no')
}, 90_000)

test('the build cache is trimmed behind a push, once in a while, and by nothing that builds nothing', async () => {
  // It has not trimmed anything yet.
  await paas.kill('server')
  await paas.up()
  await docker.fail('error', /^POST \/build\/prune/)
  for (const value of [1, 2]) await paas.ok(`config:set -a dock TRIM=${value}`)
  const push = async (text: string): Promise<void> => {
    await repository.commit({ 'www/index.html': text })
    expect((await repository.push(paas, 'dock')).exitCode).toBe(0)
  }
  for (const times of [1, 2]) {
    await push(`trim ${times}`)
    await until('it was to be trimmed', async () => docker.hits >= times)
  }
  expect(docker.hits).toBe(2)
  await docker.heal()
  const trims = docker.seen(/^POST \/build\/prune/)
  await push('trim 3')
  await until('it is trimmed', async () => docker.seen(/^POST \/build\/prune/) > trims)
  await push('trim 4')
  await paas.ok('config:set -a dock TRIM=3')
  expect(docker.seen(/^POST \/build\/prune/)).toBe(trims + 1)
}, 60_000)

test('a Docker that takes a build and never begins it is given up after its deadline', async () => {
  await repository.commit({ 'www/index.html': 'never built' })
  await docker.fail('hang', /^POST \/build/)
  const started = Date.now()
  const push = await repository.push(paas, 'dock')
  expect(Date.now() - started).toBeLessThan(50_000)
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toContain('Docker did not answer within 30 s')
  await docker.heal()
  expect((await repository.push(paas, 'dock')).exitCode).toBe(0)
}, 90_000)

test('a Docker that dies between the switch and the end does not undo what was said', async () => {
  const before = await ours('ps', '-q')
  await docker.fail('error', /^POST \/containers\/[^/]+\/stop/)
  await paas.ok('config:set -a dock AFTER=switch')
  expect((await paas.get(host, '/cgi-bin/environment')).body).toContain('AFTER=switch')
  await until('the old container was to be stopped', async () => docker.hits > 0)
  expect(await ours('ps', '-q')).toContain(before[0])
  await docker.heal()
  await until('the old container is stopped all the same', async () => (await ours('ps', '-aq')).length === 1)
}, 60_000)

test('exits that happen while the connection is lost are found when it is back', async () => {
  await docker.fail('refuse')
  const [container = ''] = await ours('ps', '-q')
  await execa('docker', ['kill', container])
  await docker.heal()
  await until('it was started again', async () => {
    const { containers } = JSON.parse(await paas.ok('ps -a dock --json')) as {
      containers: { state: string; restarts: number }[]
    }
    return containers.some((each) => each.state === 'running' && each.restarts > 0)
  })
  await paas.ok('routes:rebuild')
  expect((await paas.get(host)).status).toBe(200)
}, 60_000)

test('the server starts while Docker is down: routes stay, commands answer, and the rest comes with Docker', async () => {
  const report = await underLoad(paas, { host, perSecond: 20 }, async () => {
    await docker.fail('refuse')
    await paas.kill('server')
    await until('it answers', async () => (await paas.ssh('apps')).exitCode === 0)
    const push = await paas.ssh('config:set -a dock DOWN=1')
    expect(push.exitCode).toBe(75)
    expect(push.stderr).toContain('Docker is unavailable')
    await docker.heal()
    await until('Docker is seen', async () => paas.log('server').includes('Docker answers'))
    await paas.ok('config:set -a dock DOWN=over')
  })
  console.log(`started while Docker was down: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  expect((await paas.get(host, '/cgi-bin/environment')).body).toContain('DOWN=over')
}, 90_000)

test('an image whose command does not exist is the fault of the app, in words', async () => {
  using broken = await makeRepository({ Dockerfile: 'FROM paas/busybox\nCMD ["/no/such/program"]\n' })
  const push = await broken.push(paas, 'broken')
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toContain('/no/such/program')
  expect(push.stderr).not.toContain('nternal error')
}, 60_000)
