import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../../apps/static.ts'
import { startInstance, type TestInstance, until } from '../../instance.ts'
import { killAfterStep } from '../../kill-after-step.ts'
import { made } from '../../made.ts'
import { addPerson } from '../../person.ts'
import { makeRepository } from '../../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository({
    ...staticApp('the same page'),
    'app.json': JSON.stringify({ env: { SALT: { generator: 'secret' } } }),
  })
  const push = await repository.push(paas, 'shop')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  await paas.ok('config:set -a shop COLOUR=green')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('a clone serves the same image and config with its own secrets, and outlives the other', async () => {
  await paas.ok('scale -a shop web=2')
  expect(await paas.ok('apps:clone shop copy')).toContain('http://copy.localhost')
  expect((await paas.get('copy.localhost')).body).toBe('the same page\n')
  expect(await paas.ok('config:get -a copy COLOUR')).toBe('green\n')
  const salts = await Promise.all(['shop', 'copy'].map((app) => paas.ok(`config:get -a ${app} SALT`)))
  expect(new Set(salts).size).toBe(2)
  expect((await made(paas, 'copy')).containers).toHaveLength(2)

  await paas.ok('apps:clone copy third')
  await paas.ok('apps:destroy copy --confirm copy')
  expect(await made(paas, 'copy')).toEqual({ containers: [], images: [] })
  await paas.ok('ps:restart -a third')
  expect((await paas.get('third.localhost')).body).toBe('the same page\n')
}, 90_000)

test('a clone treats its visitors as the other does, and asks them for passwords of its own', async () => {
  using repository = await makeRepository(staticApp('guarded'))
  expect((await repository.push(paas, 'guarded')).exitCode).toBe(0)
  await paas.ok('domains:add guarded www.guarded.example')
  await paas.ok('domains:canonical guarded www.guarded.example')
  await paas.ok('router:set guarded rate-limit 1000/s')
  await paas.ok('router:set guarded gzip on')
  await paas.ok('router:redirect guarded /old /new')
  await paas.ok('router:error-page guarded', { input: '<p>broken</p>' })
  await paas.ok('maintenance:custom-page guarded', { input: '<p>later</p>' })
  await paas.ok('checks:set guarded attempts 7')
  await paas.ok('autoscale:set guarded web=1..3 --p95 700')
  await paas.ok('logs:set guarded size 2m')
  await paas.ok('releases:set guarded keep 9')
  await paas.ok('deploys:set guarded on-disconnect detach')
  await paas.ok('router:auth guarded ada', { input: 'a long password' })
  const { visitors } = JSON.parse(await paas.ok('apps:clone guarded like --json')) as {
    visitors: Record<string, string>
  }
  const status = async (path: string, login?: string): Promise<number> => {
    const headers = login === undefined ? {} : { authorization: `Basic ${btoa(login)}` }
    return (await paas.get('like.localhost', path, { headers })).status
  }
  expect(await status('/')).toBe(401)
  expect(await status('/', 'ada:a long password')).toBe(401)
  expect(await status('/', `ada:${visitors.ada}`)).toBe(200)
  expect(await status('/old', `ada:${visitors.ada}`)).toBe(301)
  const facts = JSON.parse(await paas.ok('router like --json')) as Record<string, unknown>
  expect(facts).toMatchObject({
    ...{ rateLimit: 10_000, gzip: true, errorPage: 'own', visitors: ['ada'], redirects: { '/old': '/new' } },
    ...{ canonical: null, domains: ['like.localhost'], maintenance: 'off' },
  })
  expect(await paas.ok('checks like')).toMatch(/attempts.*7/)
  expect(JSON.parse(await paas.ok('autoscale like --json'))).toMatchObject({
    rules: [{ process: 'web', least: 1, most: 3, measure: 'p95', threshold: 700 }],
  })
  const report = JSON.parse(await paas.ok('apps:report like --json')) as object
  expect(report).toMatchObject({ kept: { images: 9, logBytes: 2 * 1024 ** 2 } })
  expect(JSON.parse(await paas.ok('deploys:report like --json'))).toMatchObject({ 'on-disconnect': 'detach' })
  await paas.ok('maintenance:on like')
  expect((await paas.get('like.localhost')).body).toContain('<p>later</p>')
  const said = await paas.ok('apps:clone guarded later-like --skip-deploy')
  expect(said).toMatch(/^ +ada: \S{24}$/m)
  expect(said).toContain('Its own: domains:add later-like DOMAIN')
}, 60_000)

test('with --skip-deploy there is no release until a push', async () => {
  expect(await paas.ok('apps:clone shop later --skip-deploy')).toContain('git push paas:later main')
  expect(await made(paas, 'later')).toEqual({ containers: [], images: [] })
  expect(await paas.ok('config:get -a later COLOUR')).toBe('green\n')
})

test('a clone that does not start leaves nothing', async () => {
  using repository = await makeRepository({
    Dockerfile:
      'FROM paas/busybox\nCMD ["/bin/sh", "-c", "[ -z \\"$FAILS\\" ] && exec busybox httpd -f -p $PORT"]\n',
  })
  expect((await repository.push(paas, 'fragile')).exitCode).toBe(0)
  await paas.ok('config:set -a fragile --no-restart FAILS=1')
  expect((await paas.ssh('apps:clone fragile broken')).exitCode).not.toBe(0)
  expect(await made(paas, 'broken')).toEqual({ containers: [], images: [] })
  expect((await paas.ssh('apps:exists broken')).exitCode).toBe(20)
  const events = JSON.parse(await paas.ok('events -n 20 --json')) as {
    type: string
    app?: { name: string }
  }[]
  const told = events.filter(({ app }) => app?.name === 'broken').map(({ type }) => type)
  expect(told).toEqual(['app-created', 'deploy-started', 'app-destroyed', 'deploy-failed'])
}, 60_000)

test('a clone whose server is killed before its switch leaves no app, after it a whole one', async () => {
  await killAfterStep(paas, 'started', () => paas.ssh('apps:clone shop undone'))
  await until('there is no app', async () => (await paas.ssh('apps:exists undone')).exitCode === 20)
  // An app that goes is no longer seen, but keeps its name until all of it is removed.
  await until(
    'its name is free',
    async () => (await paas.ssh('apps:clone shop undone --plan')).exitCode === 0,
  )
  expect(await made(paas, 'undone')).toEqual({ containers: [], images: [] })
  await killAfterStep(paas, 'switched', () => paas.ssh('apps:clone shop undone'))
  await until('it serves', async () => (await paas.get('undone.localhost')).body === 'the same page\n')
}, 120_000)

test('a clone and its entry in the journal are one: a server that is killed between them leaves no app', async () => {
  const state = async (change: string): Promise<void> => {
    await paas.down()
    const database = new DatabaseSync(join(paas.home, 'state.db'))
    database.exec(change)
    database.close()
    await paas.up()
  }
  // Whoever writes the entry is held within that statement, as long as it lives.
  await state(`CREATE TRIGGER held BEFORE INSERT ON deploy WHEN NEW.kind = 'clone' BEGIN SELECT count(*) FROM
    (WITH RECURSIVE number(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number) SELECT n FROM number); END`)
  const ticks = (): number => {
    const words =
      readFileSync(`/proc/${paas.pid('server')}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? []
    return Number(words[11])
  }
  const before = ticks()
  const clone = paas.ssh('apps:clone shop never')
  await until('it is held', async () => ticks() > before + 200)
  await paas.kill('server')
  expect((await clone).exitCode).not.toBe(0)
  await state('DROP TRIGGER held')
  expect((await paas.ssh('apps:exists never')).exitCode).toBe(20)
  expect(await paas.ok('apps:clone shop never')).toContain('http://never.localhost')
}, 60_000)

test('a name that is taken, and an app without a release, are refused', async () => {
  expect((await paas.ssh('apps:clone shop shop')).stderr).toContain('is taken')
  await paas.ok('apps:create empty')
  expect((await paas.ssh('apps:clone empty other')).stderr).toContain('no release yet')
  expect((await paas.ssh('apps:exists other')).exitCode).toBe(20)
})

test('only who may change an app may clone it', async () => {
  const ann = await addPerson(paas, 'ann')
  expect((await ann.ssh('apps:clone shop hers')).exitCode).toBe(20)
  await paas.ok('access:add -a shop ann -r viewer')
  expect((await ann.ssh('apps:clone shop hers')).exitCode).toBe(77)
})
