import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { healthApp } from '../apps/health.ts'
import { staticApp } from '../apps/static.ts'
import { type DockerProxy, startDockerProxy } from '../docker-proxy.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'paas-why-'))
let docker: DockerProxy
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  docker = await startDockerProxy(join(folder, 'docker.sock'))
  paas = await startInstance({ DOCKER_HOST: docker.url })
  repository = await makeRepository(healthApp('page'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await docker?.heal()
  await paas?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

type Facts = { findings: { cause: string; what: string; next: string }[]; lookedAt: string[]; next: string }
const facts = async (app: string): Promise<Facts> => JSON.parse(await paas.ok(`why ${app} --json`))
const causes = async (app: string): Promise<string[]> => (await facts(app)).findings.map(({ cause }) => cause)

test('where nothing is wrong, it says so and what it looked at', async () => {
  const why = await paas.ok('why blog')
  expect(why).toMatch(/^blog: nothing is wrong; v1 serves\n {7}looked at: .*whether Docker answers/)
  expect(why).toMatch(/\nType: logs blog\n$/)
  expect(await facts('blog')).toMatchObject({ app: 'blog', release: 'v1', findings: [], next: 'logs blog' })
  expect((await facts('blog')).lookedAt.length).toBeGreaterThan(8)
})

test('without an app it looks at all of one’s apps, and ends with one command', async () => {
  const why = await paas.ok('why')
  expect(why).toContain('blog: nothing is wrong')
  expect(why).toContain('empty: empty has no release yet')
  expect(why.match(/^Type: .*$/gm)).toEqual(['Type: git push paas:empty main'])
  expect(JSON.parse(await paas.ok('why --json'))).toHaveLength(2)
  expect((await paas.ssh('why nobodys')).exitCode).not.toBe(0)
})

test('a deploy that is under way, and how to follow it', async () => {
  using slow = await makeRepository(staticApp('slow'))
  await slow.commit({ Dockerfile: `FROM paas/busybox\nRUN : ${randomUUID()}; echo begun; sleep 600\n` })
  const push = slow.startPush(paas, 'slow')
  await push.saw('       begun')
  const waiting = paas.ssh('ps:stop slow')
  await until(
    'the other waits',
    async () => (await causes('slow')).filter((each) => each === 'under-way').length === 2,
  )
  const why = await paas.ok('why slow')
  expect(why).toMatch(/Deploy \d+ \(push by admin, since \S+Z\) is under way, after the step "received"/)
  expect(why).toMatch(/Deploy \d+ \(stop by admin, since \S+Z\) waits for admin \(push, deploy \d+\)/)
  push.interrupt()
  await push.ended
  await waiting
  await paas.ok('destroy slow --force')
})

test('a stopped app, and one that is scaled to nothing', async () => {
  await paas.ok('ps:stop blog')
  expect(await paas.ok('why blog')).toMatch(/^blog: blog is stopped.*\nType: ps:start blog\n$/)
  await paas.ok('ps:start blog')
  await paas.ok('scale blog web=0')
  expect(await paas.ok('why blog')).toMatch(/scaled to web=0.*\nType: ps:scale blog web=1\n$/)
  await paas.ok('scale blog web=1')
})

test('an app that listens elsewhere than asked, or answers with an error', async () => {
  await paas.ok('checks:disable blog')
  await paas.ok('ports:set blog 8123')
  await repository.commit({
    Dockerfile:
      'FROM paas/busybox\nCOPY www /www\nCMD ["/bin/sh", "-c", "exec busybox httpd -f -p 5999 -h /www"]\n',
  })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await until('it listens', async () => (await paas.ok('why blog')).includes('5999'))
  const why = await paas.ok('why blog')
  expect(why).toContain('web.1 does not answer on port 8123: it listens on [::]:5999, not on 8123')
  expect(why).toMatch(/\nType: ports:set blog 5999\n$/)
  await paas.ok('ports:set blog 5999')
  expect(await causes('blog')).toEqual([])
  await repository.commit(healthApp('page'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.ok('ports:set blog auto')
  await paas.ok('checks:enable blog')
})

test('a deploy that failed is told again, with its last lines and by whom, until the next one', async () => {
  await repository.commit({ Dockerfile: 'FROM paas/busybox\nRUN echo no such luck; exit 4\n' })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(1)
  const why = await paas.ok('why blog')
  expect(why).toMatch(/^blog: The last deploy \(push by admin, \d{4}-.*Z\) failed: Build failed at/)
  expect(why).toContain('no such luck')
  expect(why).toMatch(/\nType: git push paas:blog main\n$/)
  await repository.commit(staticApp('mended'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect(await causes('blog')).toEqual([])
})

test('a crash is told with exit code and last lines, also when it runs again', async () => {
  await repository.commit(healthApp('crashes'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.get('blog.localhost', '/cgi-bin/die').catch(() => {})
  await until('it is told', async () => (await paas.ok('why blog')).includes('SIGKILL'))
  const why = await paas.ok('why blog')
  expect(why).toMatch(
    /^blog: web\.1 was ended by SIGKILL \(exit code 137\); it (runs|is being started) again/,
  )
  expect(why).toContain('       dying now')
  expect(why).toMatch(/\nType: logs blog -p web\.1\n$/)
})

test('it answers within seconds while Docker hangs, and says so', async () => {
  await docker.fail('hang')
  const asked = Date.now()
  const why = await paas.ok('why blog')
  expect(Date.now() - asked).toBeLessThan(8_000)
  expect(why).toContain('Docker did not answer within 2 s')
  expect(why).toMatch(/\nType: make status\n$/)
  await docker.heal()
})

test('it answers within seconds while Redis hangs, and says so', async () => {
  const redis = paas.pid('redis') ?? 0
  process.kill(redis, 'SIGSTOP')
  try {
    const asked = Date.now()
    const why = await paas.ok('why blog')
    expect(Date.now() - asked).toBeLessThan(8_000)
    expect(why).toContain('Redis did not answer within 2 s')
  } finally {
    process.kill(redis, 'SIGCONT')
  }
})
