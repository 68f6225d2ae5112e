import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { underLoad } from '../load.ts'
import { makeRepository, type Repository } from '../repository.ts'

const host = 'twin.localhost'
let one: TestInstance
let two: TestInstance
const repositories: Repository[] = []
beforeAll(async () => {
  ;[one, two] = await Promise.all([startInstance(), startInstance()])
})
afterAll(async () => {
  for (const repository of repositories) repository[Symbol.dispose]()
  await Promise.all([one?.[Symbol.asyncDispose](), two?.[Symbol.asyncDispose]()])
})

const made = async (paas: TestInstance): Promise<Record<'containers' | 'networks' | 'images', string[]>> => {
  const list = async (...words: string[]): Promise<string[]> => {
    const ran = await execa('docker', [...words, '--filter', `label=paas.instance=${paas.id}`])
    return ran.stdout.split('\n').filter(Boolean).sort()
  }
  return {
    containers: await list('ps', '-aq', '--filter', 'label=paas.process'),
    networks: await list('network', 'ls', '-q'),
    images: await list('images', '-q'),
  }
}

const keys = async (paas: TestInstance): Promise<string[]> => {
  const redis = new Redis({ path: join(paas.home, 'run', 'redis.sock') })
  redis.on('error', () => {})
  try {
    return [
      ...(await redis.keys('frontend:*')),
      ...(await redis.hkeys('paas:apps')),
      ...(await redis.hkeys('paas:hosts')),
    ]
  } finally {
    redis.disconnect()
  }
}

test('two instances have the same app name side by side, and destroying one leaves the other', async () => {
  for (const [paas, text] of [
    [one, 'of one'],
    [two, 'of two'],
  ] as const) {
    const repository = await makeRepository(staticApp(text))
    repositories.push(repository)
    expect((await repository.push(paas, 'twin')).exitCode).toBe(0)
  }
  expect((await one.get(host)).body).toBe('of one\n')
  expect((await two.get(host)).body).toBe('of two\n')
  const [ofOne, ofTwo] = [await made(one), await made(two)]
  for (const kind of ['containers', 'networks', 'images'] as const) {
    expect(ofOne[kind]).toHaveLength(1)
    expect(ofTwo[kind]).toHaveLength(1)
    expect(ofOne[kind]).not.toEqual(ofTwo[kind])
  }
  const report = await underLoad(two, { host, perSecond: 20 }, async () => {
    await one.ok('scale -a twin web=2')
    await one.ok('destroy -a twin --force')
  })
  expect(report.failed).toEqual({})
  expect((await one.get(host)).status).toBe(404)
  expect((await two.get(host)).body).toBe('of two\n')
  expect(await made(two)).toEqual(ofTwo)

  // And nothing is left of it.
  expect(await made(one)).toEqual({ containers: [], networks: [], images: [] })
  expect(await keys(one)).toEqual([])
  expect((await execa('ls', [join(one.home, 'repositories')])).stdout).toBe('')
  expect(existsSync(join(two.home, 'repositories'))).toBe(true)
}, 90_000)

test('many changes of one app at once are taken one after the other, and none is lost', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `KEY_${index}`)
  const [, repository] = repositories
  if (!repository) throw new Error('The first test has not run')
  const other = await makeRepository()
  repositories.push(other)
  await repository.commit(staticApp('newer'))
  // A second developer's push of another history meets the first: exactly one of them can win.
  await other.commit(staticApp('foreign'))
  const report = await underLoad(two, { host, perSecond: 20 }, async () => {
    const [pushes, sets] = await Promise.all([
      Promise.all([repository.push(two, 'twin'), other.push(two, 'twin', 'main', ['--force'])]),
      Promise.all(names.map((name) => two.ssh(`config:set -a twin ${name}=${name.toLowerCase()}`))),
    ])
    expect(sets.map((set) => set.exitCode)).toEqual(names.map(() => 0))
    expect(pushes.some((push) => push.exitCode === 0)).toBe(true)
    const body = (await two.get(host)).body
    const won = pushes.map((push) => push.exitCode === 0)
    // Both may have gone through, one after the other; a page of a refused push never shows.
    expect([won[0] && 'newer\n', won[1] && 'foreign\n']).toContain(body)
  })
  console.log(`10 config:set and 2 pushes at once: ${JSON.stringify(report)}`)
  expect(report.failed).toEqual({})
  const config = JSON.parse(await two.ok('config -a twin --json')) as Record<string, string>
  expect(config).toMatchObject(Object.fromEntries(names.map((name) => [name, name.toLowerCase()])))
  const environment = (await two.get(host, '/cgi-bin/environment')).body
  for (const name of names) expect(environment).toContain(`${name}=${name.toLowerCase()}`)
  // No lock is left.
  await two.ok('config:set -a twin LAST=1')
  await until('one container is left', async () => (await made(two)).containers.length === 1)
}, 120_000)

test('a client that is gone while it waits or works leaves no lock', async () => {
  const waiting = execa(
    'ssh',
    ['-F', two.sshConfig, '-o', 'BatchMode=yes', 'paas', 'config:set -a twin GONE=1'],
    {
      reject: false,
      stdin: 'ignore',
    },
  )
  const alsoWaiting = execa(
    'ssh',
    ['-F', two.sshConfig, '-o', 'BatchMode=yes', 'paas', 'config:set -a twin GONE=2'],
    {
      reject: false,
      stdin: 'ignore',
    },
  )
  await until('one of them is at work', async () => (await made(two)).containers.length > 1)
  waiting.kill('SIGKILL')
  alsoWaiting.kill('SIGKILL')
  await two.ok('config:set -a twin STAYS=1')
  expect((await two.get(host, '/cgi-bin/environment')).body).toContain('STAYS=1')
  await until('one container is left', async () => (await made(two)).containers.length === 1)
}, 60_000)
