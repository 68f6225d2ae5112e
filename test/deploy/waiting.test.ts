import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { makeGates } from '../gate.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository, type PushUnderWay, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let gateOf: ReturnType<typeof makeGates>
let bob: Person
beforeAll(async () => {
  paas = await startInstance()
  bob = await addPerson(paas, 'bob')
  gateOf = makeGates(paas, 'received')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const page = async (app: string): Promise<string> => (await paas.get(`${app}.localhost`)).body.trim()

type Deploy = {
  number: number
  kind: string
  state: string
  doing: string
  message: string | null
  commit: string
}
/** Oldest first. */
const deploys = async (app: string): Promise<Deploy[]> =>
  (JSON.parse(await paas.ok(`deploys ${app} --json`)) as Deploy[]).reverse()

/** A deployed app whose next push is under way and stays so until `release`. */
async function held(app: string): Promise<{
  repository: Repository
  holder: PushUnderWay
  release(): void
}> {
  const repository = await makeRepository(staticApp('first'))
  expect((await repository.push(paas, app)).exitCode).toBe(0)
  await repository.commit(staticApp('held'))
  const gate = gateOf(app)
  gate.shut()
  const holder = repository.startPush(paas, app)
  await gate.reached()
  return { repository, holder, release: gate.open }
}

test('whoever waits is told who holds the app, with what and since when', async () => {
  const { repository, holder, release } = await held('told')
  using _repository = repository
  const waiting = paas.ssh('config:set told A=1')
  await until('it waits', async () => (await deploys('told')).length === 3)
  const [, running, config] = await deploys('told')
  expect(running).toMatchObject({ kind: 'push', state: 'running', doing: 'received' })
  expect(config).toMatchObject({
    kind: 'config',
    state: 'waiting',
    doing: `for admin (push, deploy ${running?.number})`,
  })
  release()
  expect((await waiting).stdout).toMatch(
    new RegExp(
      `Waiting: admin holds the app \\(push, deploy ${running?.number}\\) since \\d\\d:\\d\\d:\\d\\d UTC`,
    ),
  )
  expect((await holder.ended).exitCode).toBe(0)
  expect((await deploys('told')).map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded'])
  expect(await paas.ok('config:get told A')).toBe('1\n')
})

test('a newer push replaces the one that waits, and no other job', async () => {
  const { repository, holder, release } = await held('newest')
  using _repository = repository
  const config = paas.ssh('config:set newest A=1')
  await repository.commit(staticApp('needless'))
  const older = repository.startPush(paas, 'newest')
  await older.saw('Waiting: admin holds the app')
  const commit = await repository.commit(staticApp('newest'))
  const newer = repository.startPush(paas, 'newest')
  const replaced = await older.ended
  expect(replaced.exitCode).not.toBe(0)
  expect(replaced.stderr).toContain(`Replaced by a newer push (${commit.slice(0, 8)})`)
  expect(replaced.stderr).toContain('keeps serving')
  await newer.saw('Replacing the push of admin that waits')
  release()
  for (const push of [holder, newer]) expect((await push.ended).exitCode).toBe(0)
  expect((await config).exitCode).toBe(0)
  expect(await page('newest')).toBe('newest')
  const ended = await deploys('newest')
  expect(ended.filter(({ kind }) => kind === 'push').map(({ state }) => state)).toEqual([
    'succeeded',
    'succeeded',
    'cancelled',
    'succeeded',
  ])
  expect(ended.find(({ state }) => state === 'cancelled')?.message).toContain('Replaced by a newer push')
})

test('a detached push that waits is replaced too, and its commit is let go', async () => {
  const { repository, holder, release } = await held('away')
  using _repository = repository
  await repository.commit(staticApp('needless'))
  expect((await repository.push(paas, 'away', 'main', ['-o', 'detach'])).exitCode).toBe(0)
  await repository.git(['commit', '-q', '--amend', '-m', 'Mended', '--allow-empty'])
  // Of the same person also where it does not contain the older one.
  const newer = repository.startPush(paas, 'away')
  await newer.saw('Replacing the push of admin that waits')
  await until('it is cancelled', async () => (await deploys('away')).at(2)?.state === 'cancelled')
  release()
  expect((await holder.ended).exitCode).toBe(0)
  expect((await newer.ended).exitCode).toBe(0)
  expect(await page('away')).toBe('needless')
})

test("somebody else's push replaces one that it contains, and waits behind one that it does not", async () => {
  const { repository, holder, release } = await held('shared')
  using ann = repository
  await paas.ok('access:add bob -a shared -r developer')
  using other = await makeRepository()
  await other.git(['pull', '-q', ann.path, 'main'])
  await ann.commit(staticApp('of ann'))
  const older = ann.startPush(paas, 'shared')
  await older.saw('Waiting: admin holds the app')

  await other.commit({ 'www/other.html': 'of bob' })
  const diverged = other.startPush(bob, 'shared')
  await diverged.saw('Waiting: admin holds the app')
  expect(older.output()).not.toContain('Replaced')

  using third = await makeRepository()
  await third.git(['pull', '-q', ann.path, 'main'])
  await third.commit(staticApp('of bob, on top'))
  const onTop = third.startPush(bob, 'shared')
  await onTop.saw('Replacing the push of admin that waits')
  expect((await older.ended).stderr).toContain('Replaced by a newer push')
  // It was of bob himself.
  expect((await diverged.ended).stderr).toContain('Replaced by a newer push')
  release()
  expect((await holder.ended).exitCode).toBe(0)
  expect((await onTop.ended).exitCode).toBe(0)
  expect(await page('shared')).toBe('of bob, on top')
})

test('after a push by force, what an earlier release was built from stays, whatever is refused next', async () => {
  using repository = await makeRepository()
  const first = await repository.commit({
    ...staticApp('first'),
    Dockerfile: `# of v1\n${staticApp('').Dockerfile}`,
  })
  expect((await repository.push(paas, 'forced')).exitCode).toBe(0)
  await repository.git(['checkout', '-q', '--orphan', 'anew'])
  await repository.commit(staticApp('anew'))
  expect((await repository.push(paas, 'forced', '+anew:main')).exitCode).toBe(0)
  const refused = await repository.commit({ Dockerfile: 'FROM paas/busybox\nRUN exit 1\n' })
  expect((await repository.push(paas, 'forced', 'anew:main')).exitCode).not.toBe(0)

  const { id } = JSON.parse(await paas.ok('apps:report forced --json')) as { id: string }
  const stored = (commit: string): Promise<boolean> =>
    repository
      .git(['--git-dir', join(paas.home, 'repositories', `${id}.git`), 'cat-file', '-e', commit])
      .then(({ exitCode }) => exitCode === 0)
  await until('what was refused is pruned', async () => !(await stored(refused)))
  expect(await stored(first)).toBe(true)
  await paas.ok('rollback forced v1')
  expect(await page('forced')).toBe('first')
  expect(await paas.ok('git:report forced --dockerfile')).toContain('# of v1')
  const { stdout } = await repository.git(['ls-remote', 'paas:forced'], {
    environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
  })
  expect(stdout).not.toContain('refs/paas')
})
