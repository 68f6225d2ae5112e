import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { healthApp, mortalApp } from '../apps/health.ts'
import { staticApp } from '../apps/static.ts'
import { type Event, eventsOf } from '../events-of.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { type Files, makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

/** Pushes `first` and `next` as v1 and v2 of `app`; both are accepted. */
async function twoReleases(app: string, first: Files, next: Files): Promise<Repository> {
  const repository = await makeRepository(first)
  await pushed(repository, app)
  await repository.commit(next)
  await pushed(repository, app)
  return repository
}

async function pushed(repository: Repository, app: string): Promise<void> {
  const push = await repository.push(paas, app)
  expect(push.exitCode, push.stderr).toBe(0)
}

const page = async (app: string): Promise<string> => (await paas.get(`${app}.localhost`)).body
const releases = async (app: string): Promise<{ version: string; description: string; who: string }[]> =>
  JSON.parse(await paas.ok(`releases ${app} --json`))
const release = async (app: string): Promise<string | undefined> => (await releases(app))[0]?.version

const events = (app: string, type: string): Event[] =>
  eventsOf(paas).filter((event) => event.app?.name === app && event.type === type)

/** The release changes at the switch, the page a moment later. */
async function wentBack(app: string, old: string): Promise<void> {
  await until('it went back', async () => (await release(app)) === 'v3')
  await until('the old page serves', async () => (await page(app)) === old)
}

test('a release that dies after its swap goes back by itself within 5 s, and events and why say so', async () => {
  using _ = await twoReleases('mortal', staticApp('old'), mortalApp('new', 1, 'exit 4'))
  await until('it died', async () => events('mortal', 'process-crashed').length > 0)
  await until('the old page serves again', async () => (await page('mortal')) === 'old\n')
  const serves = Date.now()
  const died = Date.parse(events('mortal', 'process-crashed')[0]?.at ?? '')
  console.log(`went back ${serves - died} ms after the release had died`)
  expect(serves - died).toBeLessThan(5_000)

  await until('it is recorded', async () => events('mortal', 'release-went-back').length > 0)
  expect((await releases('mortal'))[0]).toMatchObject({
    version: 'v3',
    description: 'Back to v1: v2 died',
    who: 'paas',
  })
  expect(events('mortal', 'release-went-back')[0]?.message).toMatch(/v2 died \(.*exited with code/)
  const why = await paas.ok('why mortal')
  expect(why).toContain('v2 died within a minute of its swap')
  expect(why).toContain('v1 serves again as v3')
  expect(why).toMatch(/\nType: git push paas:mortal main\n$/)
})

test('one that comes up again and dies once more goes back too, with its last lines kept', async () => {
  using _ = await twoReleases('twice', staticApp('old'), mortalApp('new', 1.5))
  await wentBack('twice', 'old\n')
  expect(await paas.ok('why twice')).toContain('       giving up')
})

test('one that hangs when it is started again is not waited for', async () => {
  using _ = await twoReleases('hangs', staticApp('old'), mortalApp('new', 1, 'sleep 1000'))
  await wentBack('hangs', 'old\n')
})

test('a single container that is killed and comes back is no death', async () => {
  using _ = await twoReleases('killed', staticApp('old'), staticApp('new'))
  await paas.ok('ps:kill killed web.1')
  await until('it runs again', async () => events('killed', 'process-restarted').length === 1)
  expect(await release('killed')).toBe('v2')
  await until('it serves', async () => (await page('killed')) === 'new\n')
})

test('as long as one web container of it serves, a release is not dead', async () => {
  using _ = await twoReleases('partly', healthApp('old'), healthApp('new'))
  await paas.ok('scale partly web=2')
  for (let death = 0; death < 3; death++) {
    await paas.ok('ps:kill partly web.1')
    await until('it runs again', async () => events('partly', 'process-restarted').length === death + 1)
  }
  expect(await release('partly')).toBe('v2')
})

test('two releases that both die do not take turns, and a first one has nothing to go back to', async () => {
  using repository = await makeRepository(mortalApp('first', 2))
  await pushed(repository, 'turns')
  await until('the first died', async () => events('turns', 'process-crashed').length >= 2)
  expect(await release('turns')).toBe('v1')
  await repository.commit(mortalApp('second', 2))
  await pushed(repository, 'turns')
  await until('it went back', async () => (await release('turns')) === 'v3')
  const before = events('turns', 'process-crashed').length
  await until('that one died too', async () => events('turns', 'process-crashed').length >= before + 3)
  expect(await release('turns')).toBe('v3')
  expect(events('turns', 'release-went-back')).toHaveLength(1)
})

test('config that kills the app is taken back with its release', async () => {
  const files = mortalApp('page', 2)
  using _ = await makeRepository({
    ...files,
    'run.sh': `[ -n "$DIE" ] || exec busybox httpd -f -p $PORT -h /www\n${files['run.sh']}`,
  })
  await pushed(_, 'configured')
  await paas.ok('config:set configured DIE=soon')
  await wentBack('configured', 'page\n')
  expect((await paas.ok('config:keys configured')).trim()).toBe('')
})

test('a person’s deploy that comes first counts', async () => {
  using repository = await twoReleases('person', staticApp('old'), mortalApp('dying', 3))
  await repository.commit(staticApp('mended'))
  await pushed(repository, 'person')
  expect(await release('person')).toBe('v3')
  expect(await page('person')).toBe('mended\n')
  expect(events('person', 'release-went-back')).toHaveLength(0)
})

test('a liveness check that fails within the minute goes back as well', async () => {
  const live = { type: 'liveness', path: '/cgi-bin/health', wait: 1, timeout: 2, attempts: 2 }
  using _ = await twoReleases('ill', staticApp('old'), healthApp('new', { healthchecks: { web: [live] } }))
  await paas.get('ill.localhost', '/cgi-bin/fall-ill')
  await wentBack('ill', 'old\n')
  expect(events('ill', 'release-died')[0]?.message).toContain('status 503: the database is away')
})

test('a server that was killed in between goes back when it is there again', async () => {
  using _ = await twoReleases('restarted', staticApp('old'), mortalApp('new', 3, 'exit 4'))
  await paas.kill('server')
  await until('it went back', async () => (await page('restarted').catch(() => '')) === 'old\n', 40_000)
  await until('it is a release', async () => (await release('restarted')) === 'v3')
})
