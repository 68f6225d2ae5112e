import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { freePort } from '../free-port.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'
import { begin, type Call, type Called, call, linesOf } from './call.ts'

vi.setConfig({ testTimeout: 60_000 })

// What a program does by the HTTP API, against a whole server. Who may do what is told in http-door.test.ts.
let paas: TestInstance
let port: number
let ann: Person
let admin: string
let archive: Buffer
beforeAll(async () => {
  port = await freePort()
  paas = await startInstance({ PAAS_API_PORT: String(port) })
  ann = await addPerson(paas, 'ann')
  await paas.ok('apps:create blog')
  await paas.ok('access:add blog ann')
  admin = await tokenFor('--all --role server')
  using repository = await makeRepository()
  await repository.commit(staticApp('from an archive'))
  archive = (await execa('git', ['archive', 'HEAD'], { cwd: repository.path, encoding: 'buffer' }))
    .stdout as Buffer
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

let made = 0
async function tokenFor(scope: string, by: Person | TestInstance = paas): Promise<string> {
  const { stdout, stderr } = await by.ssh(`tokens:create t${made++} ${scope} --json`)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout).token
}

const ask = (path: string, token: string, options: Call = {}): Promise<Called> =>
  call(port, `/v1/commands/${path}`, { token, ...options })

test('a tarball is posted with a token of one app, and the page is there', async () => {
  const token = await tokenFor('--app blog', ann)
  const answer = await ask('git:from-archive?app=blog&argument=-', token, {
    method: 'POST',
    headers: { 'content-type': 'application/x-tar', accept: 'application/x-ndjson' },
    body: archive,
  })
  expect(answer.text).toContain('{"step":"Reading stdin"}')
  const lines = answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toContainEqual({ step: 'v1 serves' })
  expect(lines.slice(-2)).toEqual([{ result: { app: 'blog', release: 'v1' } }, { exitCode: 0 }])
  expect((await paas.get('blog.localhost')).body).toBe('from an archive\n')
  const audit = JSON.parse(await paas.ok('audit -n 1 --who ann --json'))
  const id = token.split('_')[1]
  expect(audit).toMatchObject([{ who: 'ann', fingerprint: `token:${id}` }])
  expect(JSON.stringify(audit)).toContain('git:from-archive')
  expect(JSON.stringify(audit)).not.toContain(token)
  expect(JSON.parse((await ann.ssh('tokens --json')).stdout)).toMatchObject([
    { id, used: expect.stringMatching(/^\d{4}-/) },
  ])
})

test('the lines of docs/api.md do what they say', async () => {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8')
  const lines = (from: string): string =>
    (/(?:^ {4}.*\n)+/m.exec(text.slice(text.indexOf(from)))?.[0] ?? '').replaceAll('8081', String(port))
  using repository = await makeRepository()
  await repository.commit(staticApp('by curl'))
  const token = await tokenFor('--app blog')
  const type = (line: string) =>
    execa('bash', ['-c', line], {
      cwd: repository.path,
      env: { PAAS_TOKEN: token },
      extendEnv: true,
    })
  const deploy = lines('## A deploy from CI').trimEnd()
  const decides = lines('In a script:').replace('    ... |', '|')
  await type(`${deploy} ${decides}`)
  expect((await paas.get('blog.localhost')).body).toBe('by curl\n')
  const refused = await execa('bash', ['-c', `${deploy} ${decides}`], {
    cwd: repository.path,
    env: { PAAS_TOKEN: 'paas_none' },
    reject: false,
  })
  expect(refused.exitCode).toBe(1)
  await type(lines('By POST with a JSON body'))
  expect(JSON.parse(await paas.ok('ps:scale blog --json'))).toEqual({ web: 3 })
  await paas.ok('ps:scale blog web=1')
})

test('what commands print with --json is the answer, by GET and by POST', async () => {
  const report = JSON.parse(await paas.ok('apps:report blog --json'))
  expect((await ask('apps:report?app=blog', admin)).json).toEqual(report)
  const posted = await ask('apps:report', admin, { body: { app: 'blog' } })
  expect(posted).toMatchObject({ status: 200, json: report, headers: { 'paas-exit-code': '0' } })
  expect((await ask('apps', admin)).json).toMatchObject([
    { name: 'blog', release: expect.stringMatching(/^v\d+$/) },
  ])
  const set = await ask('config:set', admin, {
    body: { app: 'blog', arguments: ['GREETING=good day', '--force=x'], flags: { 'no-restart': true } },
  })
  // A word is never read as an option.
  expect(set).toMatchObject({ status: 422, json: { error: { message: expect.stringContaining('--force') } } })
  const value = 'two\nlines and "quotes"'
  await ask('config:set', admin, {
    body: { app: 'blog', arguments: [`GREETING=${value}`], flags: { 'no-restart': true } },
  })
  expect((await ask('config:get?app=blog&argument=GREETING', admin)).json).toEqual({ GREETING: value })
  const plan = await ask('ps:scale', admin, {
    body: { app: 'blog', arguments: ['web=3'], flags: { plan: true } },
  })
  expect(plan.json).toMatchObject({ plan: true })
})

test('a failure says the same as over ssh: sentence, what to do next, exit code', async () => {
  for (const [path, line, status] of [
    ['config:get?app=blog&argument=NOTHING', 'config:get blog NOTHING', 422],
    ['ps?app=nothing', 'ps --app nothing', 404],
    ['config:set?app=blog&argument=x', 'config:set blog -- x', 400],
    ['releases:rollback?app=blog&argument=v99', 'rollback blog v99', 422],
  ] as const) {
    const typed = await paas.ssh(line)
    const { json, ...answer } = await ask(path, admin, { method: 'POST' })
    expect(answer.status, path).toBe(status)
    expect(json.exitCode, path).toBe(typed.exitCode)
    expect(answer.headers['paas-exit-code']).toBe(String(typed.exitCode))
    const said = typed.stderr.replaceAll(/^ !? {5,7}/gm, '')
    expect(said).toContain(json.error.message)
    if (json.error.hint !== null) expect(said).toContain(json.error.hint)
  }
  const lively = await ask('ps?app=nothing', admin, { headers: { accept: 'application/x-ndjson' } })
  expect(lively).toMatchObject({ status: 404, json: { exitCode: 20 } })
})

test('a deploy that fails tells how, with the last lines, and the old release serves', async () => {
  const before = (await paas.get('blog.localhost')).body
  using repository = await makeRepository()
  await repository.commit({ Dockerfile: 'FROM paas/busybox\nRUN echo no luck; false\n' })
  const broken = await execa('git', ['archive', 'HEAD'], { cwd: repository.path, encoding: 'buffer' })
  const answer = await ask('git:from-archive?app=blog&argument=-', admin, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: broken.stdout as Buffer,
  })
  expect(answer).toMatchObject({ status: 422, json: { exitCode: 1, error: { message: /build/i } } })
  expect(JSON.stringify(answer.json.error.lines)).toContain('no luck')
  const half = await ask('git:from-archive?app=blog&argument=-', admin, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: archive.subarray(0, 700),
  })
  expect(half.status).toBe(422)
  expect((await paas.get('blog.localhost')).body).toBe(before)
})

test('a program runs in the app, with its stdin, its bytes and its exit code', async () => {
  const run = { app: 'blog', arguments: ['sh', '-c', 'cat; echo trouble >&2; exit 7'], stdin: 'héllo\n' }
  const lively = await ask('run', admin, { body: run, headers: { accept: 'application/x-ndjson' } })
  const lines = lively.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toContainEqual({ output: 'héllo\n' })
  expect(lines).toContainEqual({ errors: 'trouble\n' })
  expect(lines.at(-1)).toEqual({ exitCode: 7 })
  const plain = await ask('run', admin, { body: run })
  expect(plain).toMatchObject({ status: 200, text: 'héllo\n', trailers: { 'paas-exit-code': '7' } })
  const silent = await ask('run', admin, {
    body: { app: 'blog', arguments: ['sh', '-c', 'echo trouble >&2; exit 7'] },
  })
  expect(silent).toMatchObject({ status: 422, json: { exitCode: 7, error: { lines: ['trouble'] } } })
})

test('a log is followed as it grows, until its token is revoked', async () => {
  const token = await tokenFor('--app blog --role viewer', ann)
  const response = await begin(port, '/v1/commands/logs?app=blog&tail', { token })
  expect(response.headers['content-type']).toBe('application/x-ndjson')
  const followed = linesOf(response)
  await paas.get('blog.localhost', '/looked-at')
  await followed.saw('/looked-at')
  expect(followed.lines().at(-1)).toMatchObject({ text: expect.stringContaining('/looked-at') })
  await ann.ssh(`tokens:revoke ${token}`)
  await until('the answer has ended', async () => response.closed, 5_000)
  expect(response.complete).toBe(false)
  expect((await ask('logs?app=blog', token)).status).toBe(401)
})

test('a token that comes to its end, and one whose user is removed, end what they run', async () => {
  const eva = await addPerson(paas, 'eva')
  await paas.ok('access:add blog eva -r viewer')
  const token = await tokenFor('--all --role viewer', eva)
  const lively = { accept: 'application/x-ndjson' }
  const response = await begin(port, '/v1/commands/logs?app=blog&tail', { token, headers: lively })
  const followed = linesOf(response)
  await paas.get('blog.localhost', '/by-eva')
  await followed.saw('/by-eva')
  await paas.ok('users:remove eva')
  await until('the answer has ended', async () => response.closed, 5_000)
  expect(followed.lines().slice(-2)).toEqual([
    { error: expect.objectContaining({ message: 'The server ended the session' }) },
    { exitCode: 130 },
  ])
  expect((await ask('apps', token)).status).toBe(401)
})

test('a client that goes away ends what it asked for', async () => {
  const response = await begin(port, '/v1/commands/run', {
    token: admin,
    body: { app: 'blog', arguments: ['sh', '-c', 'echo begun; sleep 600'] },
  })
  const said = linesOf(response)
  await said.saw('begun')
  expect(response.statusCode, JSON.stringify(said.lines())).toBe(200)
  const runs = async (): Promise<string> =>
    (await execa('docker', ['ps', '--no-trunc', '--filter', `label=paas.instance=${paas.id}`])).stdout
  // The engine lists it a moment after it has begun.
  await until('it runs', async () => (await runs()).includes('sleep 600'))
  response.destroy()
  await until('it runs no more', async () => !(await runs()).includes('sleep 600'))
})

test('events of other apps, and databases of its person, do not exist for a token of one app', async () => {
  await paas.ok('apps:create secret')
  const token = await tokenFor('--app blog --role admin')
  const { json } = await ask('events?num=1000', token)
  expect(json.length).toBeGreaterThan(0)
  expect(json.filter((event: { app?: { name: string } }) => event.app?.name !== 'blog')).toEqual([])
  const whole = await ask('events?num=1000', admin)
  expect(whole.text).toContain('secret is created')
  const response = await begin(port, '/v1/commands/events?tail&num=1', { token })
  const followed = linesOf(response)
  await followed.saw('"sequence"')
  await paas.ok('apps:create secret2')
  await paas.ok('config:set blog --no-restart A=b')
  await followed.saw('config-changed')
  expect(JSON.stringify(followed.lines())).not.toContain('secret2')
  response.destroy()
  expect((await ask('ps?app=secret', token)).status).toBe(404)
  expect((await ask('apps:clone', token, { body: { app: 'blog', arguments: ['copy'] } })).status).toBe(403)
  expect((await ask('apps:exists?argument=copy', admin)).json).not.toMatchObject({ exists: true })
})

test('the server starts without an API where none is wanted, and says why it cannot listen', async () => {
  await using other = await startInstance()
  expect(other.log('server')).not.toContain('HTTP API')
  await expect(startInstance({ PAAS_API_PORT: String(port) })).rejects.toThrow(
    'The HTTP API cannot listen on 127.0.0.1',
  )
})
