import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person, stranger } from '../person.ts'
import { makeRepository } from '../repository.ts'

// domains, ports, git, routes, keys, access, help and version: one instance serves them all.
let paas: TestInstance
let ann: Person
let commit: string
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository()
  commit = await repository.commit(staticApp('page'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.ok('apps:create shop')
  ann = await addPerson(paas, 'ann')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('domains are added, removed, set and cleared, and are served when the command returns', async () => {
  expect(await paas.ok('domains blog')).toBe('blog.localhost\n')
  await paas.ok('domains:add blog WWW.Example.com. bücher.example blog.localhost www.example.com')
  expect(await paas.ok('domains blog')).toBe('blog.localhost\nwww.example.com\nxn--bcher-kva.example\n')
  expect((await paas.get('www.example.com')).body).toBe('page\n')
  await paas.ok('domains:remove blog blog.localhost')
  expect((await paas.get('blog.localhost')).status).toBe(404)
  expect(JSON.parse(await paas.ok('domains:set blog example.com example.com --json'))).toEqual({
    app: 'blog',
    domains: ['example.com'],
  })
  expect((await paas.get('www.example.com')).status).toBe(404)
  expect(JSON.parse(await paas.ok('domains:report --all --json'))).toEqual([
    { app: 'blog', domains: ['example.com'] },
    { app: 'shop', domains: ['shop.localhost'] },
  ])
  await paas.ok('domains:clear blog')
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
  expect(await paas.ok('domains blog')).toBe('blog.localhost\n')
})

test('a domain that is taken or is none is refused', async () => {
  await paas.ok('domains:add shop taken.example.com')
  for (const domain of ['taken.example.com', 'shop.localhost', 'localhost'])
    expect((await paas.ssh(`domains:add blog ${domain}`)).stderr, domain).toContain('is taken')
  for (const domain of [
    'http://a.example',
    'a.example:80',
    '1.2.3.4',
    'a..b',
    '-a.example',
    '[::1]',
    'a//b.c',
  ])
    expect(await paas.ssh(`domains:add blog -- ${domain}`), domain).toMatchObject({ exitCode: 1, stdout: '' })
  expect((await paas.ssh('domains:remove blog nothing.example.com')).exitCode).toBe(1)
  await paas.ok('domains:add blog *.example.org')
  expect((await paas.get('any.example.org')).body).toBe('page\n')
  await paas.ok('access:add blog ann')
  expect((await ann.ssh('domains:add blog *.example.net')).exitCode).toBe(77)
  await paas.ok('domains:clear blog')
  await paas.ok('domains:clear shop')
})

test('domains:check tells whether DNS leads here, by words and by its exit code', async () => {
  expect(await paas.ok('domains:check blog')).toMatch(
    /^blog\.localhost +here +127\.0\.0\.1\n\*\.localhost +here +127\.0\.0\.1\n$/,
  )
  const lost = await paas.ssh('domains:check blog WWW.Nowhere.invalid --json')
  expect(lost.exitCode).toBe(1)
  expect(JSON.parse(lost.stdout)).toMatchObject({
    app: 'blog',
    domains: [{ host: 'www.nowhere.invalid', addresses: [], here: false, problem: expect.any(String) }],
  })
  expect((await paas.ssh('domains:check blog www.nowhere.invalid')).stdout).toContain('make a DNS record')
})

test('nodes shows the one machine and what runs on it', async () => {
  expect(JSON.parse(await paas.ok('nodes --json'))).toEqual([
    {
      name: expect.stringMatching(/./),
      engine: expect.stringMatching(/^\d+\./),
      cpus: expect.any(Number),
      memoryBytes: expect.any(Number),
      containers: 1,
    },
  ])
  expect((await ann.ssh('nodes')).exitCode).toBe(77)
  expect((await paas.ssh('nodes:add other')).stderr).toContain('There is one machine')
})

test('ports:set is a release, and auto goes back to the rule', async () => {
  expect(JSON.parse(await paas.ok('ports blog --json'))).toEqual({ app: 'blog', set: null, running: 5000 })
  expect(await paas.ok('ports:set blog 3000')).toContain('3000')
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
  expect(await paas.ok('ports:list blog')).toMatch(/running +3000\nset +3000\n/)
  await paas.ok('ports:set blog http:80:4000')
  expect(JSON.parse(await paas.ok('ports:report blog --json'))).toMatchObject({ set: 4000, running: 4000 })
  await paas.ok('ports:set blog auto')
  for (const port of ['0', '65536', 'x', '80:x', '-1'])
    expect((await paas.ssh(`ports:set blog -- ${port}`)).exitCode, port).toBe(64)
  expect(JSON.parse(await paas.ok('ports:set shop 8000 --json'))).toMatchObject({ port: 8000, release: null })
})

test('ports:add and ports:remove speak of the one port', async () => {
  await paas.ok('ports:add blog http:80:3100')
  expect((await paas.get('blog.localhost')).body).toBe('page\n')
  expect(JSON.parse(await paas.ok('ports blog --json'))).toMatchObject({ set: 3100, running: 3100 })
  expect((await paas.ssh('ports:add blog 3200')).stderr).toContain('ports:set blog 3200')
  expect((await paas.ssh('ports:remove blog 3200')).exitCode).toBe(1)
  await paas.ok('ports:remove blog http:80:3100')
  expect(JSON.parse(await paas.ok('ports blog --json'))).toMatchObject({ set: null, running: 5000 })
})

test('git:report and git:set speak of the deploy branch', async () => {
  expect(JSON.parse(await paas.ok('git:report blog --json'))).toEqual({
    'deploy branch': 'main',
    commit,
    remote: 'paas:blog',
  })
  expect(await paas.ok('git:set shop deploy-branch production')).toContain('git push paas production')
  expect(await paas.ok('git:report shop')).toMatch(/production/)
  for (const branch of ['a..b', '-x', 'a b', 'x.lock', ''])
    expect((await paas.ssh(`git:set shop deploy-branch -- '${branch}'`)).exitCode, branch).toBe(64)
  expect((await paas.ssh('git:set shop something x')).exitCode).toBe(64)
})

test('routes shows what Redis holds, and only of one’s own apps', async () => {
  expect(await paas.ok('routes blog')).toMatch(/^blog\.localhost\n===> http:\/\/[\d.]+:5000 web\.1 v\d+\n$/)
  expect(JSON.parse(await paas.ok('routes --json'))).toMatchObject([
    { host: 'blog.localhost', backends: [{ process: 'web.1', alive: true }] },
    { host: 'shop.localhost', backends: [] },
  ])
  expect(await paas.ok('listkeys')).toContain('===> no backend')
  expect(await paas.ok('routes:rebuild')).toContain('every router serves them')
  const bob = await addPerson(paas, 'bob')
  expect(JSON.parse((await bob.ssh('routes --json')).stdout)).toEqual([])
  expect((await bob.ssh('routes:rebuild')).exitCode).toBe(77)
})

test('keys are added, listed and removed by admins, and listed by their owners', async () => {
  const [comment] = [`${ann.publicLine.split(' ')[2]}`]
  expect(await paas.ok('keys')).toMatch(new RegExp(`^ann +SHA256:\\S{43} +${comment}$`, 'm'))
  const own = JSON.parse((await ann.ssh('keys --json')).stdout)
  expect(own).toHaveLength(1)
  expect((await paas.ssh('keys:add other', { input: ann.publicLine })).stderr).toContain('belongs to ann')
  for (const input of ['', 'nonsense', 'ssh-ed25519 AAAA', `${ann.publicLine}\n${ann.publicLine}`])
    expect((await paas.ssh('keys:add other', { input })).exitCode, input).toBeGreaterThan(0)
  expect((await paas.ssh('keys:add "o ther"', { input: ann.publicLine })).exitCode).toBe(1)
  expect((await ann.ssh('keys:add other', { input: ann.publicLine })).exitCode).toBe(77)
  expect((await paas.ssh('keys:remove nobody')).exitCode).toBe(1)
  expect((await paas.ssh('keys:remove admin')).stderr).toContain('last admin')
})

test('a removed key and a stranger’s are refused by ssh itself', async () => {
  const eve = await addPerson(paas, 'eve')
  expect((await eve.ssh('version')).exitCode).toBe(0)
  await paas.ok(`ssh-keys:remove ${JSON.parse((await eve.ssh('keys --json')).stdout)[0].fingerprint}`)
  const refused = await eve.ssh('version')
  expect(refused).toMatchObject({ exitCode: 255, stdout: '' })
  expect(refused.stderr).toContain('Permission denied')
  const mallory = await stranger(paas, 'mallory')
  expect((await mallory.ssh('version')).stderr).toContain('Permission denied')
})

test('users lists who may come in, and users:remove ends it: keys, roles and sessions', async () => {
  const eva = await addPerson(paas, 'eva')
  await paas.ok('access:add blog eva -r viewer')
  const users = JSON.parse(await paas.ok('users --json')) as { user: string }[]
  expect(users).toContainEqual(expect.objectContaining({ user: 'admin', role: 'admin', keys: 1 }))
  expect(users).toContainEqual({ user: 'eva', role: 'member', keys: 1, apps: { blog: 'viewer' } })
  expect(await paas.ok('users')).toMatch(/^eva +member +1 +blog=viewer$/m)
  expect((await eva.ssh('users')).exitCode).toBe(77)
  expect(await paas.ok('users:remove eva --plan')).toContain('blog: eva is viewer no more')
  const following = eva.ssh('logs blog -t')
  await until('she follows the log', async () => (await eva.ssh('apps')).exitCode === 0)
  expect(await paas.ok('users:remove eva')).toContain('Removed eva and 1 keys')
  expect((await following).exitCode).not.toBe(0)
  expect((await eva.ssh('apps')).exitCode).toBe(255)
  expect(await paas.ok('access blog')).not.toContain('eva')
  expect((await paas.ssh('users:remove eva')).exitCode).toBe(1)
  expect((await paas.ssh('users:remove admin')).stderr).toContain('You cannot remove yourself')
})

test('keys:rotate-master seals every secret anew while the server runs, and it starts again with the new key', async () => {
  const key = (): string => readFileSync(join(paas.home, 'master.key'), 'utf8')
  await paas.ok('apps:create sealed')
  await paas.ok('config:set sealed API_TOKEN=a-long-secret')
  const old = key()
  expect(await paas.ok('keys:rotate-master --plan')).toContain('every secret is sealed anew')
  expect(key()).toBe(old)
  const { values } = JSON.parse(await paas.ok('keys:rotate-master --json')) as { values: number }
  expect(values).toBeGreaterThan(1)
  expect(key()).not.toBe(old)
  expect(await paas.ok('config:get sealed API_TOKEN')).toBe('a-long-secret\n')
  await paas.kill('server')
  await paas.up()
  expect(await paas.ok('config:get sealed API_TOKEN')).toBe('a-long-secret\n')
  await paas.ok('apps:destroy sealed --force')
})

test('a role opens an app as far as it goes', async () => {
  await paas.ok('access:add blog ann')
  await paas.ok('access:remove blog ann')
  expect((await ann.ssh('apps:report blog')).exitCode).toBe(20)
  await paas.ok('access:add blog ann -r viewer')
  expect((await ann.ssh('apps:report blog')).exitCode).toBe(0)
  await paas.ok('config:set blog --no-restart SECRET=not-to-be-seen')
  expect((await ann.ssh('config blog')).stdout).toContain('••••••••')
  for (const line of ['config:get SECRET', 'config:export', 'run env', 'scale web=2', 'config:set A=1'])
    expect(
      await ann.ssh(`${line.replace(' ', ' --app blog ')} ${line.includes(' ') ? '' : 'blog'}`),
      line,
    ).toMatchObject({
      exitCode: 77,
      stdout: '',
    })
  expect((await ann.ssh('config:keys blog')).stdout).toBe('SECRET\n')
  expect(JSON.parse(await paas.ok('access blog --json'))).toContainEqual({ user: 'ann', role: 'viewer' })
  await paas.ok('access:add blog ann')
  expect((await ann.ssh('config:get blog SECRET')).stdout).toBe('not-to-be-seen\n')
  expect((await ann.ssh('apps:destroy blog --force')).exitCode).toBe(77)
  expect((await ann.ssh('access:add blog bob')).exitCode).toBe(77)
  expect((await paas.ssh('access:add blog nobody')).exitCode).toBe(1)
  expect((await paas.ssh('access:add blog ann -r king')).exitCode).toBe(64)
  expect((await paas.ssh('access:remove blog nobody')).exitCode).toBe(1)
})

test('help is a pleasure: topics, aligned, at most 100 columns, first what to type first', async () => {
  const help = await paas.ok('help')
  expect(help.split('\n').slice(0, 2).join('\n')).toContain('git push paas:APP main')
  for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
  for (const text of ['config:set [APP] KEY=VALUE...', 'Processes', 'TOPIC:help'])
    expect(help).toContain(text)
  expect(await paas.ok('')).toBe(help)
  expect(await paas.ok('--help')).toBe(help)
  const all = await paas.ok('help --all')
  expect(all).toContain('also config:add')
  for (const line of all.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
  expect(await paas.ok('config:help')).toBe(await paas.ok('help config'))
  expect(await paas.ok('config:help')).toContain('config:unset [APP] KEY...')
  expect(await paas.ok('config:set --help')).toBe(await paas.ok('help config:add'))
  expect(await paas.ok('config:set --help')).toContain('--no-restart')
  expect(await paas.ok('run --help')).toContain('--env KEY=VALUE')
})

test('version prints ours, also as an option', async () => {
  expect(await paas.ok('version')).toMatch(/^paas \d+\.\d+\.\d+\n$/)
  expect(await paas.ok('--version')).toBe(await paas.ok('version'))
  expect(await paas.ok('apps --version')).toBe(await paas.ok('version'))
  expect(JSON.parse(await paas.ok('version --json'))).toMatchObject({ version: expect.any(String) })
})

test('an unknown command names the nearest one, and what is done otherwise here says how', async () => {
  const near = await paas.ssh('cofnig:set A=1')
  expect(near).toMatchObject({ exitCode: 64, stdout: '' })
  expect(near.stderr).toContain('"cofnig:set"')
  expect(near.stderr).toContain('Did you mean config:set?')
  expect((await paas.ssh('xyzzyxyzzy')).stderr).not.toContain('Did you mean')
  expect((await paas.ssh('nothing:help')).exitCode).toBe(64)
  for (const line of [
    'plugin:list',
    'scheduler-k3s:report',
    'buildpacks:add',
    'nginx:report',
    'proxy:ports',
    'docker-options:add',
    'letsencrypt:cron-job',
    'domains:add-global',
    'addons:create',
    'whoami',
  ]) {
    const ran = await paas.ssh(line)
    expect(ran, line).toMatchObject({ exitCode: 64, stdout: '' })
    expect(ran.stderr, line).not.toContain('Did you mean')
    expect(ran.stderr.trim().split('\n'), line).toHaveLength(2)
  }
})

test('without a terminal there are no colours and no headings; with one there are', async () => {
  expect(await paas.ok('apps')).toBe('blog\nshop\n')
  expect((await paas.ssh('apps', { arguments: ['-tt'] })).stdout).toBe(
    '\x1b[1m=====> \x1b[0mMy apps\r\nblog\r\nshop\r\n',
  )
  expect((await paas.ssh('config:set blog --quiet --no-restart Q=1')).stdout).toBe('')
})
