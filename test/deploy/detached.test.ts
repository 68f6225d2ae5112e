import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { type Gate, makeGates } from '../gate.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { killAfterStep } from '../kill-after-step.ts'
import { addPerson } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let gate: Gate
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
  // Between their start and their check.
  gate = makeGates(paas, 'started')()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})
beforeEach(() => gate.open())

type Deploy = { number: number; kind: string; state: string; release: string | null; message: string | null }
const deploys = async (app: string): Promise<Deploy[]> =>
  JSON.parse(await paas.ok(`deploys ${app} --json`)) as Deploy[]
const newest = async (app: string): Promise<Deploy> => {
  const [first] = await deploys(app)
  if (!first) throw new Error(`${app} has no deploy`)
  return first
}
const isOver = (app: string): Promise<void> =>
  until('the deploy is over', async () => !/running|waiting/.test((await newest(app)).state))
const page = async (app: string): Promise<string> => (await paas.get(`${app}.localhost`)).body.trim()

const git = async (repository: Repository, ...words: string[]): Promise<string> =>
  (
    await repository.git(words, {
      environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
    })
  ).stdout
const branch = async (repository: Repository, app: string): Promise<string | undefined> =>
  (await git(repository, 'ls-remote', `paas:${app}`, 'refs/heads/main')).split('\t')[0]

/** `COMMIT NAME` of the hidden refs below `prefix`, in all repositories. */
async function hidden(prefix: string): Promise<string[]> {
  const folder = join(paas.home, 'repositories')
  const lists = await Promise.all(
    readdirSync(folder).map((name) =>
      execa('git', ['for-each-ref', '--format=%(objectname) %(refname)', prefix], {
        cwd: join(folder, name),
      }),
    ),
  )
  return lists.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean))
}

/** What holds the commits of detached deploys. */
const held = (): Promise<string[]> => hidden('refs/paas/deploys')

/** A deployed app with one more commit to push. */
async function deployed(app: string, next = 'next'): Promise<Repository & { first: string; second: string }> {
  const repository = await makeRepository()
  const first = await repository.commit(staticApp('first'))
  const push = await repository.push(paas, app)
  expect(push.exitCode, push.stderr).toBe(0)
  const second = await repository.commit(staticApp(next))
  return { ...repository, first, second }
}

const detach = ['-o', 'detach']

test('git push -o detach returns at once, and what git reports is true', async () => {
  using repository = await deployed('once')
  await repository.git(['remote', 'add', 'paas', 'paas:once'])
  gate.shut()
  const push = await repository.push(paas, 'once', 'main', detach)
  expect(push.exitCode).toBe(0)
  const { number } = await newest('once')
  expect(push.stderr).toContain(`Deploy ${number} goes on; follow it: ssh paas deploys:attach ${number}`)
  expect(push.stderr).toMatch(new RegExp(`\\[new reference\\] +main -> refs/paas/deploys/${number}`))
  await gate.reached()
  expect(await branch(repository, 'once')).toBe(repository.first)
  expect(await git(repository, 'ls-remote', 'paas:once')).not.toContain('refs/paas')
  expect(await git(repository, 'rev-parse', '--verify', '-q', 'refs/remotes/paas/main')).toBe('')
  expect(await page('once')).toBe('first')
  expect(await newest('once')).toMatchObject({ kind: 'push', state: 'running' })

  const attached = paas.ssh(`deploys:attach ${number}`)
  gate.open()
  const followed = await attached
  expect(followed.exitCode).toBe(0)
  expect(followed.stdout).toContain('-----> Building once from')
  expect(followed.stdout).toContain(`-----> Deploy ${number} succeeded: v2`)
  expect(await page('once')).toBe('next')
  expect(await branch(repository, 'once')).toBe(repository.second)
  await until('its commit is no longer held', async () => (await held()).length === 0)
})

test('a detached deploy that fails says why to whoever attaches, and the branch stays', async () => {
  using repository = await deployed('fails')
  await repository.commit({ Dockerfile: 'FROM paas/busybox\nRUN echo no luck; exit 4\n' })
  expect((await repository.push(paas, 'fails', 'main', detach)).exitCode).toBe(0)
  const attached = await paas.ssh('deploys:attach fails')
  expect(attached.stdout).toContain('no luck')
  expect(attached.stdout).toMatch(/^ ! {5}Build failed .*exit code 4$/m)
  expect(attached.exitCode).toBe(1)
  expect(await branch(repository, 'fails')).toBe(repository.first)
  expect(await page('fails')).toBe('first')
  await until('its commit is no longer held', async () => (await held()).length === 0)
  await repository.commit(staticApp('mended'))
  expect((await repository.push(paas, 'fails')).exitCode).toBe(0)
  expect(await page('fails')).toBe('mended')
})

test('a first push can be detached too', async () => {
  using repository = await makeRepository(staticApp('new'))
  expect((await repository.push(paas, 'brand-new', 'main', detach)).exitCode).toBe(0)
  expect((await paas.ssh('deploys:attach brand-new')).exitCode).toBe(0)
  expect(await page('brand-new')).toBe('new')
})

test('an atomic push of more than its branch cannot be detached', async () => {
  using repository = await deployed('atomic')
  await repository.git(['branch', 'other'])
  const push = await repository.git(['push', '--atomic', ...detach, 'paas:atomic', 'main', 'other'], {
    environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
  })
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toContain('An atomic push cannot be detached')
  expect(push.stderr).toContain('git push -o detach paas main')
  expect(await branch(repository, 'atomic')).toBe(repository.first)
})

test.each(['cut', 'interrupt'] as const)(
  'with on-disconnect detach a push goes on after its connection is lost (%s)',
  async (how) => {
    const app = `lost-${how}`
    using repository = await deployed(app)
    await paas.ok(`deploys:set ${app} on-disconnect detach`)
    gate.shut()
    const push = repository.startPush(paas, app)
    await push.saw('Ctrl-C or a lost connection leave it running')
    await gate.reached()
    push[how]()
    await push.ended
    await until('the server has seen it', async () =>
      (await paas.ok(`builds:output -a ${app}`)).includes('Nobody waits for deploy'),
    )
    gate.open()
    await isOver(app)
    expect(await newest(app)).toMatchObject({ state: 'succeeded', release: 'v2' })
    expect(await page(app)).toBe('next')
    expect(await branch(repository, app)).toBe(repository.second)
    expect((await paas.ssh(`deploys:attach -a ${app}`)).exitCode).toBe(0)
  },
)

test('config:set goes on as well, and on-disconnect cancel ends it again', async () => {
  using _repository = await deployed('vars')
  await paas.ok('deploys:set vars on-disconnect detach')
  const lose = async (line: string): Promise<void> => {
    gate.shut()
    const command = execa('ssh', ['-F', paas.sshConfig, 'paas', line], { reject: false })
    await gate.reached()
    command.kill('SIGKILL')
    await command
  }
  await lose('config:set vars A=1')
  gate.open()
  await isOver('vars')
  expect(await newest('vars')).toMatchObject({ kind: 'config', state: 'succeeded' })
  expect(await paas.ok('config:get vars A')).toBe('1\n')
  await paas.ok('deploys:set vars on-disconnect cancel')
  await lose('config:set vars A=2')
  await isOver('vars')
  expect(await newest('vars')).toMatchObject({ kind: 'config', state: 'cancelled', message: 'Interrupted' })
  expect(await paas.ok('config:get vars A')).toBe('1\n')
})

test('a key that is removed ends what was asked for with it, whatever the app says', async () => {
  using repository = await deployed('revoked')
  await paas.ok('deploys:set revoked on-disconnect detach')
  const eve = await addPerson(paas, 'eve')
  await paas.ok('access:add eve -a revoked -r developer')
  gate.shut()
  const push = repository.startPush(eve, 'revoked')
  await gate.reached()
  const [key] = JSON.parse((await eve.ssh('keys --json')).stdout) as { fingerprint: string }[]
  await paas.ok(`keys:remove ${key?.fingerprint}`)
  await push.ended
  await isOver('revoked')
  expect(await newest('revoked')).toMatchObject({
    state: 'cancelled',
    message: 'The key that asked for it is removed',
  })
  expect(await page('revoked')).toBe('first')
})

test('a key that is removed ends its detached pushes too, one that has begun and one that waits; others’ go on', async () => {
  using repository = await deployed('left')
  const eve = await addPerson(paas, 'eva')
  await paas.ok('access:add eva -a left -r developer')
  await paas.ok('apps:create waits')
  await paas.ok('access:add eva -a waits -r developer')
  gate.shut()
  expect((await repository.push(eve, 'left', 'main', detach)).exitCode).toBe(0)
  using other = await makeRepository(staticApp('admin’s'))
  expect((await other.push(paas, 'waits', 'main', detach)).exitCode).toBe(0)
  await until('both are at the gate', async () =>
    (await deploys('waits')).some(({ state }) => state === 'running'),
  )
  await gate.reached()
  using waiting = await makeRepository(staticApp('waiting'))
  expect((await waiting.push(eve, 'waits', 'main', [...detach, '--force'])).exitCode).toBe(0)
  await paas.ok('keys:remove eva')
  await isOver('left')
  expect(await newest('left')).toMatchObject({
    state: 'cancelled',
    message: 'The key that asked for it is removed',
  })
  expect(await page('left')).toBe('first')
  await until('the one that waited has ended', async () =>
    (await deploys('waits')).some(({ state }) => state === 'cancelled'),
  )
  gate.open()
  await until('the other one is over', async () =>
    (await deploys('waits')).some(({ state }) => state === 'succeeded'),
  )
  expect(await page('waits')).toBe('admin’s')
})

test('a push option that is not known is said, and the push deploys', async () => {
  using repository = await deployed('typo')
  const push = await repository.push(paas, 'typo', 'main', ['-o', 'detatch'])
  expect(push.stderr).toContain('The push option "detatch" says nothing here; known: detach')
  expect(push.exitCode).toBe(0)
  expect(await page('typo')).toBe('next')
})

test('Ctrl-C in a terminal leaves deploys:attach and cancels config:set', async () => {
  using repository = await deployed('typed')
  const inTerminal = async (line: string, seen: string): Promise<number | undefined> => {
    const command = execa('ssh', ['-F', paas.sshConfig, '-tt', 'paas', line], { reject: false })
    let text = ''
    command.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk)
    })
    await until('it has begun', async () => text.includes(seen))
    command.stdin.write('\x03')
    return (await command).exitCode
  }
  gate.shut()
  await repository.push(paas, 'typed', 'main', detach)
  await gate.reached()
  expect(await inTerminal('deploys:attach typed', 'Starting web')).toBe(130)
  expect((await newest('typed')).state).toBe('running')
  gate.open()
  expect((await paas.ssh('deploys:attach typed')).exitCode).toBe(0)
  gate.shut()
  expect(await inTerminal('config:set typed A=1', 'Starting web')).toBe(130)
  expect(await newest('typed')).toMatchObject({ kind: 'config', state: 'cancelled' })
  expect((await paas.ssh('config:get typed A')).exitCode).not.toBe(0)
})

test('leaving deploys:attach only leaves', async () => {
  using repository = await deployed('watched')
  gate.shut()
  await repository.push(paas, 'watched', 'main', detach)
  await gate.reached()
  const watching = execa('ssh', ['-F', paas.sshConfig, 'paas', 'deploys:attach', 'watched'], {
    reject: false,
  })
  await new Promise((resolve) => watching.stdout.once('data', resolve))
  watching.kill('SIGINT')
  await watching
  expect((await newest('watched')).state).toBe('running')
  gate.open()
  expect((await paas.ssh('deploys:attach watched')).exitCode).toBe(0)
  expect(await page('watched')).toBe('next')
})

test('deploys:cancel ends a detached deploy as if it had never been', async () => {
  using repository = await deployed('unwanted')
  gate.shut()
  await repository.push(paas, 'unwanted', 'main', detach)
  await gate.reached()
  const attached = paas.ssh('deploys:attach unwanted')
  const { number } = await newest('unwanted')
  expect(await paas.ok(`deploys:cancel ${number}`)).toContain(`Deploy ${number} is cancelled`)
  expect((await attached).exitCode).toBe(130)
  expect(await newest('unwanted')).toMatchObject({ state: 'cancelled', message: 'Cancelled by admin' })
  expect(await branch(repository, 'unwanted')).toBe(repository.first)
  expect(await page('unwanted')).toBe('first')
  await until('its commit is no longer held', async () => (await held()).length === 0)
  gate.open()
  expect((await repository.push(paas, 'unwanted')).exitCode).toBe(0)
})

test('a server that is stopped cancels detached deploys, and says so', async () => {
  using repository = await deployed('stopped')
  gate.shut()
  await repository.push(paas, 'stopped', 'main', detach)
  await gate.reached()
  const before = paas.pid('server') ?? 0
  process.kill(before, 'SIGTERM')
  await until('the server is gone', async () => !existsSync(`/proc/${before}`))
  await paas.up()
  expect(await newest('stopped')).toMatchObject({
    state: 'cancelled',
    message: 'The server is being stopped',
  })
  await until('its commit is no longer held', async () => (await held()).length === 0)
  expect(await page('stopped')).toBe('first')
  expect(await branch(repository, 'stopped')).toBe(repository.first)
})

test('a detached push that still waits is undone when the server is killed', async () => {
  using repository = await deployed('queued')
  gate.shut()
  const config = paas.ssh('config:set queued A=1')
  await gate.reached()
  const push = await repository.push(paas, 'queued', 'main', detach)
  expect(push.exitCode).toBe(0)
  expect(push.stderr).toMatch(/Deploy \d+ waits for admin \(config, deploy \d+\); follow it:/)
  expect(await newest('queued')).toMatchObject({ kind: 'push', state: 'waiting' })
  expect(await held()).toHaveLength(1)
  await paas.kill('server')
  await config
  gate.open()
  await paas.up()
  expect((await deploys('queued')).slice(0, 2).map(({ state }) => state)).toEqual(['failed', 'failed'])
  expect(await held()).toEqual([])
  expect(await page('queued')).toBe('first')
  expect(await branch(repository, 'queued')).toBe(repository.first)
})

test.each([
  ['built', 'first'],
  ['switched', 'next'],
  ['ref-moved', 'next'],
] as const)('a detached deploy whose server is killed after %s ends as %s', async (step, text) => {
  const app = `killed-${step}`
  using repository = await deployed(app)
  await killAfterStep(paas, step, () => repository.push(paas, app, 'main', detach))
  expect(await page(app)).toBe(text)
  expect(await branch(repository, app)).toBe(text === 'first' ? repository.first : repository.second)
  expect(await held()).toEqual([])
  expect((await hidden('refs/paas/releases')).includes(`${repository.second} refs/paas/releases/v2`)).toBe(
    text === 'next',
  )
  expect((await newest(app)).state).toBe(text === 'first' ? 'failed' : 'succeeded')
  await repository.commit(staticApp('later'))
  expect((await repository.push(paas, app)).exitCode).toBe(0)
  expect(await page(app)).toBe('later')
})
