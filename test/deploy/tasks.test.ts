import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const web = 'web: busybox httpd -f -p $PORT -h /www'

test('the release command runs once, before the swap, with the config of the new release', async () => {
  await paas.ok('apps:create shop')
  await paas.ok('config:set shop SCHEMA=7')
  using repository = await makeRepository({
    ...staticApp('open'),
    Procfile: `${web}\nrelease: echo migrating to $SCHEMA in $PAAS_RELEASE\n`,
  })
  const push = await repository.push(paas, 'shop')
  expect(push.exitCode).toBe(0)
  expect(push.stderr.match(/migrating to 7 in v1/g)).toHaveLength(1)
  expect(push.stderr.indexOf('migrating to 7')).toBeLessThan(push.stderr.indexOf('Starting web'))
  expect((await paas.get('shop.localhost')).body).toBe('open\n')
  expect(JSON.parse(await paas.ok('scale shop --json'))).toEqual({ web: 1 })
  expect(await paas.ssh('scale shop release=1')).toMatchObject({ exitCode: 1 })
})

test('a release command that fails refuses the push with its output, and the old release serves on', async () => {
  using repository = await makeRepository({ ...staticApp('old'), Procfile: `${web}\n` })
  expect((await repository.push(paas, 'ledger')).exitCode).toBe(0)
  await repository.commit({
    ...staticApp('new'),
    Procfile: `${web}\nrelease: echo no such table; exit 4\n`,
  })
  const push = await repository.push(paas, 'ledger')
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toContain('no such table')
  expect(push.stderr).toContain('(The release command exited with code 4)')
  expect((await paas.get('ledger.localhost')).body).toBe('old\n')
  expect(JSON.parse(await paas.ok('releases ledger --json'))).toHaveLength(1)
})

test('heroku.yml says which Dockerfile, what runs and what is run before; what it cannot say here is told', async () => {
  const { Dockerfile = '', ...page } = staticApp('from heroku')
  const yml = (file: string): string =>
    [
      `build:\n  docker:\n    web: ${file}\n    worker: Dockerfile.worker`,
      'release:\n  command:\n    - echo migrating in $PAAS_RELEASE',
      'run:\n  web: busybox httpd -f -p $PORT -h /www\n  worker: sleep 1000',
    ].join('\n')
  using repository = await makeRepository({
    ...page,
    'Dockerfile.web': Dockerfile,
    'heroku.yml': yml('none'),
  })
  const refused = await repository.push(paas, 'heroku')
  expect(refused.stderr).toContain('The pushed tree has no none, and heroku.yml asks for it')
  await repository.commit({ 'heroku.yml': yml('Dockerfile.web') })
  const push = await repository.push(paas, 'heroku')
  expect(push.exitCode, push.stderr).toBe(0)
  expect(push.stderr).toContain(
    'heroku.yml: build.docker.worker is ignored: every process runs in the image of web',
  )
  expect(push.stderr).toContain('migrating in v1')
  expect((await paas.get('heroku.localhost')).body).toBe('from heroku\n')
  expect(JSON.parse(await paas.ok('scale heroku --json'))).toEqual({ web: 1, worker: 0 })

  await repository.commit({ Procfile: `${web}\nclock: sleep 1000\n` })
  const second = await repository.push(paas, 'heroku')
  expect(second.stderr).toContain('heroku.yml: run and release are ignored: there is a Procfile')
  expect(JSON.parse(await paas.ok('scale heroku --json'))).toEqual({ web: 1, clock: 0 })
}, 90_000)

/** The app's page with tasks, each of which says when it runs. */
const withTasks = (text: string, scripts: unknown, procfile = ''): Record<string, string> =>
  ({
    ...staticApp(text),
    Procfile: `${web}\n${procfile}`,
    'app.json': JSON.stringify({ scripts }),
  }) as Record<string, string>

const ordered = (text: string, ...parts: string[]): void => {
  const places = parts.map((part) => text.indexOf(part))
  expect(places, text).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
}

test('tasks of app.json run in their order, and what the first postdeploy does only the first time', async () => {
  const scripts = {
    dokku: {
      predeploy: 'echo task-before; sleep 0',
      postdeploy: 'echo task-after in $PAAS_RELEASE',
    },
    postdeploy: 'echo task-seed',
  }
  using repository = await makeRepository(withTasks('one', scripts, 'release: echo task-release\n'))
  const first = await repository.push(paas, 'tasks')
  expect(first.exitCode, first.stderr).toBe(0)
  ordered(
    first.stderr,
    'Running the predeploy task: echo task-before',
    'remote:        task-before',
    'remote:        task-release',
    'Starting web',
    'remote:        task-seed',
    'remote:        task-after in v1',
    'v1 serves',
  )
  expect(await paas.ok('releases:output tasks')).toContain('       task-after in v1')
  await repository.commit(withTasks('two', scripts))
  const second = await repository.push(paas, 'tasks')
  expect(second.exitCode).toBe(0)
  expect(second.stderr).toContain('task-after in v2')
  expect(second.stderr).not.toContain('task-seed')
})

test.each([
  ['predeploy', { dokku: { predeploy: 'echo no luck; exit 5' } }, 'The predeploy task exited with code 5'],
  ['postdeploy', { dokku: { postdeploy: 'echo no luck; exit 6' } }, 'The postdeploy task exited with code 6'],
])('a %s that fails refuses the push, and the old release serves on', async (name, scripts, message) => {
  const app = `refused-${name}`
  using repository = await makeRepository(staticApp('old'))
  expect((await repository.push(paas, app)).exitCode).toBe(0)
  await repository.commit(withTasks('new', scripts))
  const push = await repository.push(paas, app)
  expect(push.exitCode).not.toBe(0)
  // Its last lines were just shown, and are not shown twice.
  expect(push.stderr.match(/^remote: {8}no luck/gm)).toHaveLength(1)
  expect(push.stderr).toContain(`(${message})`)
  expect((await paas.get(`${app}.localhost`)).body).toBe('old\n')
  expect(JSON.parse(await paas.ok(`releases ${app} --json`))).toHaveLength(1)
  expect((await made(paas, app)).containers).toHaveLength(1)
  const output = await paas.ok(`builds:output -a ${app}`)
  expect(output).toContain('no luck')
  expect(output).toContain(message)
  expect(await paas.ok(`why ${app}`)).toContain('no luck')
})

test('a first postdeploy that failed runs again with the next push', async () => {
  using repository = await makeRepository(withTasks('new', { postdeploy: 'echo seeding; exit 1' }))
  expect((await repository.push(paas, 'seeds')).exitCode).not.toBe(0)
  await repository.commit(withTasks('new', { postdeploy: 'echo seeding' }))
  const push = await repository.push(paas, 'seeds')
  expect(push.exitCode).toBe(0)
  expect(push.stderr).toContain('       seeding')
})

test('a server killed in a task leaves nothing of it', async () => {
  using repository = await makeRepository(staticApp('old'))
  expect((await repository.push(paas, 'killed')).exitCode).toBe(0)
  const before = await made(paas, 'killed')
  await repository.commit(withTasks('new', { dokku: { postdeploy: 'echo begun; sleep 600' } }))
  const push = repository.startPush(paas, 'killed')
  await push.saw('begun')
  await paas.kill('server')
  expect((await push.ended).exitCode).not.toBe(0)
  await paas.up()
  await until(
    'nothing of it is left',
    async () => JSON.stringify(await made(paas, 'killed')) === JSON.stringify(before),
  )
  expect((await paas.get('killed.localhost')).body).toBe('old\n')
})
