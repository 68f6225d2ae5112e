import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { killAfterStep } from '../kill-after-step.ts'
import { addPerson } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let before: TestInstance
let after: TestInstance
let repository: Repository
let whole: Uint8Array

beforeAll(async () => {
  ;[before, after] = await Promise.all([startInstance({ MYSQL_URL: '' }), startInstance({ MYSQL_URL: '' })])
  repository = await makeRepository({
    ...staticApp('carried'),
    'www/cgi-bin/say':
      '#!/bin/sh\necho "said by blog" >/proc/1/fd/1\nprintf "Content-Type: text/plain\\r\\n\\r\\nsaid\\n"\n',
  })
  expect((await repository.push(before, 'blog')).exitCode).toBe(0)
  await before.ok('storage:create blog uploads')
  await before.ok('storage:mount blog uploads --container-dir /www/uploads')
  await before.ok("run --app blog sh -c 'echo kept > /www/uploads/a.txt; chmod 600 /www/uploads/a.txt'")
  await before.ok("run --app blog sh -c 'chmod 644 /www/uploads/a.txt'")
  await before.ok('mysql:create posts')
  await before.ok('mysql:import posts', {
    input: "CREATE TABLE post (id INT PRIMARY KEY, title TEXT); INSERT INTO post VALUES (1, 'Grüße');",
  })
  await before.ok('mysql:link posts blog')
  await before.ok('config:set blog SECRET="a very private value" EMPTY=')
  await before.ok('domains:add blog www.blog.example')
  await before.ok('ps:scale blog web=2')
  await before.ok('apps:create empty')
  expect((await before.get('blog.localhost', '/cgi-bin/say')).body).toBe('said\n')
  await until('it is kept', async () => (await said(before)) !== '')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await Promise.all([before?.[Symbol.asyncDispose](), after?.[Symbol.asyncDispose]()])
})

/** What the app has written, with its times. */
const said = async (paas: TestInstance): Promise<string> =>
  (await paas.ok('logs blog -n 1000 -s app')).match(/^.*said by blog$/m)?.[0] ?? ''

const bytesOf = async (line: string): Promise<Uint8Array> => {
  const words = ['-F', before.sshConfig, '-o', 'BatchMode=yes', 'paas', line]
  return (await execa('ssh', words, { encoding: 'buffer', stripFinalNewline: false })).stdout
}
const backup = (...flags: readonly string[]): Promise<Uint8Array> => bytesOf(['backup', ...flags].join(' '))
const namesIn = async (archive: Uint8Array): Promise<readonly string[]> =>
  (await execa('tar', ['-t'], { input: archive })).stdout.split('\n')

/** Everything that a person could compare. */
async function facts(paas: TestInstance): Promise<readonly string[]> {
  const lines = [
    ...['apps --json', 'apps:report blog --json', 'config blog --json', 'releases blog --json'],
    ...['domains blog', 'ps:scale blog', 'storage blog --json', 'mysql:links blog'],
    'mysql:info posts --dsn',
  ]
  const answers = await Promise.all(lines.map((line) => paas.ok(line)))
  const sql = (await paas.ok('mysql:export posts')).replace(/-- Dump completed.*/, '')
  const heads = await execa('git', ['ls-remote', 'paas:blog'], {
    env: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig}` },
  })
  return [...answers.map((text) => text.replaceAll(/:\d{4,5}\b/g, ':PORT')), sql, heads.stdout]
}

test('a backup has everything but the keys, and no secret can be read in it', async () => {
  const archive = await backup()
  const names = await namesIn(archive)
  expect(names[0]).toBe('manifest.json')
  expect(names.at(-1)).toBe('end')
  expect(names.filter((name) => name.includes('key'))).toEqual([])
  expect(names.some((name) => name.startsWith('files/app-logs/'))).toBe(true)
  expect((await namesIn(await backup('--no-logs'))).filter((name) => name.includes('app-logs'))).toEqual([])
  expect(Buffer.from(archive).includes('a very private value')).toBe(false)
  expect(await before.ok('events')).toContain('takes a backup of the whole server')

  whole = await backup('--with-keys')
  expect(await namesIn(whole)).toEqual(
    expect.arrayContaining(['files/master.key.piece-00000001', 'files/ssh/host_key.piece-00000001']),
  )
  expect(readdirSync(join(before.home, 'snapshots'))).toEqual([])
})

test('an app goes into one archive, and another one comes of it with its image, files, database and commits', async () => {
  const archive = await bytesOf('apps:export blog')
  expect((await namesIn(archive))[0]).toBe('app.json')
  expect(await before.ok('apps:import copy --plan')).toContain('app: + copy')
  const said = await before.ok('apps:import copy', { input: archive })
  expect(said).toContain('Its databases: posts-2')
  expect(said).toContain("Not yours to give, or another app's: www.blog.example")

  expect((await before.get('copy.localhost')).body).toBe('carried\n')
  expect((await before.get('copy.localhost', '/uploads/a.txt')).body).toBe('kept\n')
  expect(await before.ok('config:get -a copy SECRET')).toBe('a very private value\n')
  expect(await before.ok('ps:scale copy')).toBe('web=2\n')
  expect(await before.ok('mysql:export posts-2')).toContain("'Grüße'")
  expect((await before.get('copy.localhost', '/cgi-bin/environment')).body).toMatch(
    /(^|\0)DATABASE_URL=mysql:/,
  )
  expect(await before.ok('releases copy')).toContain('Import of v')
  const refs = await Promise.all(
    ['blog', 'copy'].map((app) =>
      execa('git', ['ls-remote', `paas:${app}`], { env: { GIT_SSH_COMMAND: `ssh -F ${before.sshConfig}` } }),
    ),
  )
  expect(refs[1]?.stdout).toBe(refs[0]?.stdout)
  await before.ok('ps:rebuild copy')
  expect((await before.get('copy.localhost')).body).toBe('carried\n')
  const unnamed = ['--filter', 'dangling=true', '--filter', `label=paas.instance=${before.id}`]
  expect((await execa('docker', ['images', '-q', ...unnamed])).stdout).toBe('')

  const bare = await bytesOf('apps:export empty')
  expect(await before.ok('apps:import bare', { input: bare })).toContain('git push paas:bare main')
  expect((await before.ssh('apps:import bare', { input: bare })).stderr).toContain('The name "bare" is taken')
  for (const app of ['copy', 'bare']) await before.ok(`apps:destroy ${app} --confirm ${app}`)
  await before.ok('mysql:destroy posts-2 --confirm posts-2')
})

test('settings and connections go along; what the person may not make, or is not there, is named', async () => {
  expect((await repository.push(before, 'side')).exitCode).toBe(0)
  await before.ok('router:set side gzip on')
  await before.ok('router:redirect side /old /new')
  await before.ok('router:auth side ada')
  await before.ok('checks:set side attempts 7')
  await before.ok('webhooks:add side http://127.0.0.1:9/hook?token=x --allow-private --on deploy.failed')
  await before.ok('drains:add side syslog://127.0.0.1:9 --private')
  await before.ok('links:add side empty --as OTHER')
  const archive = await bytesOf('apps:export side')

  const imported = JSON.parse(await before.ok('apps:import aside --json', { input: archive })) as {
    visitors: Record<string, string>
    webhooks: Record<string, string>
    left: string[]
  }
  expect(imported.left).toEqual([])
  const headers = { authorization: `Basic ${btoa(`ada:${imported.visitors.ada}`)}` }
  expect((await before.get('aside.localhost')).status).toBe(401)
  expect((await before.get('aside.localhost', '/', { headers })).body).toBe('carried\n')
  expect((await before.get('aside.localhost', '/old', { headers })).status).toBe(301)
  expect(JSON.parse(await before.ok('router aside --json'))).toMatchObject({ gzip: true })
  expect(await before.ok('checks aside')).toMatch(/attempts.*7/)
  expect((await before.get('aside.localhost', '/cgi-bin/environment', { headers })).body).toContain(
    'OTHER_URL=http://other.internal',
  )
  expect(Object.values(imported.webhooks)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  expect(await before.ok('webhooks aside')).toContain('deploy.failed')
  expect(JSON.parse(await before.ok('drains aside --json'))).toMatchObject({
    drains: [{ url: 'syslog://127.0.0.1:9' }],
  })

  const ann = await addPerson(before, 'ann')
  const hers = await ann.ssh('apps:import hers', { input: archive })
  expect(hers.exitCode, hers.stderr).toBe(0)
  expect(hers.stdout).toContain(
    'Not here, or not yours to make: webhook http://127.0.0.1:9/…, log drain syslog://127.0.0.1:9, link to empty (OTHER)',
  )
  await before.ok('access:add side ann -r developer')
  const exported = await ann.ssh('apps:export side')
  expect(exported.stderr).toContain('Without the webhooks of side: their addresses are for its admins')
  expect(exported.stdout).not.toContain('token=x')
  for (const app of ['hers', 'aside', 'side']) await before.ok(`apps:destroy ${app} --confirm ${app}`)
  await before.ok('users:remove ann')
})

test('an archive of an app that is not whole or not of its kind leaves no app, files or database', async () => {
  const archive = Buffer.from(await bytesOf('apps:export blog'))
  const refused = async (input: Uint8Array): Promise<string> => {
    const ran = await before.ssh('apps:import other', { input })
    expect(ran.exitCode, ran.stderr).toBe(1)
    expect((await before.ssh('apps:exists other')).exitCode).toBe(20)
    return ran.stderr
  }
  expect(await refused(Buffer.from('hello'))).toContain('cut off or broken')
  expect(await refused(archive.subarray(0, archive.indexOf('databases/') + 600))).toContain(
    'cut off or broken',
  )
  expect(await refused(Buffer.from(whole))).toContain('does not begin as that of an app does')
  const elsewhere = Buffer.from(archive)
  elsewhere.write('../../x/', elsewhere.indexOf('volumes/uploads'))
  expect(await refused(elsewhere)).toContain('cut off or broken')

  await killAfterStep(before, 'started', () => before.ssh('apps:import other', { input: archive }))
  await until('there is no app', async () => (await before.ssh('apps:exists other')).exitCode === 20)
  await until(
    'there is one database',
    async () => JSON.parse(await before.ok('mysql:list --json')).length === 1,
  )
  const ofOther = ['-q', '--filter', 'label=paas.app=other', '--filter', `label=paas.instance=${before.id}`]
  await until('nothing of it is in Docker', async () => {
    const found = ['images', 'ps -a', 'volume ls'].map((words) =>
      execa('docker', [...words.split(' '), ...ofOther]),
    )
    return (await Promise.all(found)).every(({ stdout }) => stdout === '')
  })
})

test('a server that has apps takes none', async () => {
  const refused = await before.ssh('restore', { input: whole })
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
  expect(refused.stderr).toContain('This server has apps or databases already (blog, empty, posts)')
})

test.each([
  ['something else', () => Buffer.from('hello'), 'The archive is cut off or broken'],
  ['nothing', () => Buffer.alloc(0), 'The archive is cut off or broken'],
  ['one that is cut off', () => whole.subarray(0, whole.length / 2), ''],
  ['one of a server that is here', () => whole, 'images, volumes or databases here already'],
])('%s is refused, and nothing of it stays', async (_, archive, words) => {
  const refused = await after.ssh('restore', { input: archive() })
  expect(refused.exitCode, refused.stderr).toBe(1)
  expect(refused.stderr).toContain(words)
  expect(existsSync(join(after.home, 'restore'))).toBe(false)
  expect(await after.ok('apps --json')).toBe('[]\n')
})

/** What carries the label of the server that was backed up. */
async function labelled(): Promise<string> {
  const filter = ['-q', '--filter', `label=paas.instance=${before.id}`]
  const found = await Promise.all([
    execa('docker', ['images', ...filter]),
    execa('docker', ['volume', 'ls', ...filter]),
    execa('docker', ['ps', '-a', ...filter]),
  ])
  return found.map(({ stdout }) => stdout).join('')
}

test('the same apps are served by the server that takes it, with the same state, files and databases', async () => {
  const withoutKeys = await backup()
  const known = await facts(before)
  const line = await said(before)
  await before[Symbol.asyncDispose]()

  const sealed = await after.ssh('restore', { input: withoutKeys })
  expect(sealed.stderr).toContain('sealed with another master key')
  // In the middle of the database, which comes last.
  const most = whole.subarray(0, Buffer.from(whole).indexOf('databases/') + 600)
  const cut = await after.ssh('restore', { input: most })
  expect(cut.stderr).toContain('cut off or broken')
  expect(await labelled()).toBe('')

  const words = ['-F', after.sshConfig, '-o', 'BatchMode=yes', 'paas', 'restore']
  const killed = execa('ssh', words, { stdin: 'pipe', reject: false })
  killed.stdin.write(most)
  await until('some of it is there', async () => (await labelled()) !== '')
  await after.kill('server')
  expect((await killed).exitCode).not.toBe(0)
  await until('nothing of it is left', async () => !existsSync(join(after.home, 'restore')))
  expect(await labelled()).toBe('')
  expect(await after.ok('restore --plan')).toContain('server: all that it has')

  // What it makes from here on carries the instance of the other.
  writeFileSync(join(after.folder, 'instance-id'), before.id)
  const restored = await after.ok('restore', { input: whole })
  expect(restored).toContain('Restored 2 apps and 1 databases')
  await until('it is the other server', async () => after.log('server').includes(`instance ${before.id}`))
  await execa('nft', ['delete', 'table', 'inet', `paas-${after.id}-walls`], { reject: false })
  // The clients of this machine learn its host key.
  await after.up()
  await until(
    'its app answers',
    async () => (await after.get('blog.localhost', '/uploads/a.txt')).body === 'kept\n',
  )
  expect((await after.get('www.blog.example')).body).toBe('carried\n')
  expect((await after.get('blog.localhost', '/cgi-bin/environment')).body).toContain(
    'SECRET=a very private value',
  )
  expect(await facts(after)).toEqual(known)
  expect(line).not.toBe('')
  expect(await said(after)).toBe(line)
  const unnamed = ['--filter', 'dangling=true', '--filter', `label=paas.instance=${before.id}`]
  expect((await execa('docker', ['images', '-q', ...unnamed])).stdout).toBe('')
  expect(await after.ok('audit:verify')).toContain('from number 1 on, follow one another')
  expect(await after.ok('events')).toContain('A backup was restored')
  expect(existsSync(join(after.home, 'restore'))).toBe(false)
  await repository.commit({ 'www/index.html': 'pushed here\n' })
  expect((await repository.push(after, 'blog')).exitCode).toBe(0)
  expect((await after.get('blog.localhost')).body).toBe('pushed here\n')
})
