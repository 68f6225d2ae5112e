import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

let paas: TestInstance
let viewer: Person
beforeAll(async () => {
  paas = await startInstance()
  await paas.ok('apps:create blog')
  await paas.ok('apps:create shop')
  viewer = await addPerson(paas, 'vera')
  await paas.ok('access:add blog vera -r viewer')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Kept = {
  sequence: number
  type: string
  who: string
  app?: { name: string }
  facts?: Record<string, unknown>
}
const eventsFor = async (line: string): Promise<Kept[]> => JSON.parse(await paas.ok(`${line} --json`))
const folder = (): string => join(paas.home, 'events')
const everything = (): string =>
  readdirSync(folder())
    .map((file) => readFileSync(join(folder(), file), 'utf8'))
    .join('')

test('a push and what follows it are events, with who, app and facts, and never a config value', async () => {
  using repository = await makeRepository(staticApp('one'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.ok('config:set blog TOKEN=canary-5719 --no-restart')
  await paas.ok('config:set blog OTHER -', { input: 'canary-5719' })
  await paas.ok('scale blog web=2')
  await paas.ok('domains:add blog www.example.com')
  await repository.commit({ Dockerfile: 'FROM scratch\nRUN nonsense\n' })
  expect((await repository.push(paas, 'blog')).exitCode).not.toBe(0)

  const events = await eventsFor('events blog -n 100')
  const types = events.map(({ type }) => type)
  for (const type of ['app-created', 'deploy-started', 'config-changed', 'app-scaled', 'domains-changed'])
    expect(types).toContain(type)
  expect(types.at(-1)).toBe('deploy-failed')
  for (const { app, who } of events) expect([app?.name, who]).toEqual(['blog', 'admin'])
  const [pushed] = await eventsFor('events --app blog --type deploy-succeeded')
  expect(pushed?.facts).toMatchObject({ kind: 'push', release: 'v1' })
  expect((await eventsFor('events --type config')).map(({ facts }) => facts?.names)).toEqual([
    'TOKEN',
    'OTHER',
  ])
  expect(await paas.ok('events -n 1')).toMatch(
    /^\d{4}-\S+Z deploy-failed admin: push of blog \(deploy \d+\) failed\n$/,
  )
  expect(everything()).not.toContain('canary-5719')
})

test('one sees the events of the apps that one may see, and no audit', async () => {
  const seen = JSON.parse((await viewer.ssh('events -n 1000 --json')).stdout) as Kept[]
  expect(new Set(seen.map(({ app }) => app?.name))).toEqual(new Set(['blog']))
  expect((await eventsFor('events -n 1000')).map(({ type }) => type)).toContain('key-added')
  expect((await viewer.ssh('events shop')).exitCode).toBe(20)
  expect((await viewer.ssh('events nonsense')).exitCode).toBe(20)
  expect((await viewer.ssh('audit')).exitCode).toBe(77)
  expect((await viewer.ssh('audit:verify')).exitCode).toBe(77)
})

test('events -t goes on as things happen', async () => {
  const cancel = new AbortController()
  let seen = ''
  const tail = execa('ssh', ['-F', viewer.sshConfig, '-o', 'BatchMode=yes', 'paas', '--', 'events -t -n 1'], {
    stdin: 'ignore',
    reject: false,
    cancelSignal: cancel.signal,
  })
  tail.stdout.on('data', (chunk: Buffer) => {
    seen += String(chunk)
  })
  await until('it has begun', async () => seen !== '')
  await paas.ok('config:set shop A=1')
  await paas.ok('config:set blog LATER=1 --no-restart')
  await until('the new one is seen', async () => seen.includes('blog: LATER changed'))
  expect(seen).not.toContain('shop')
  cancel.abort()
  await tail
})

test('events -t keeps a bounded number for a reader that does not read, and says exactly how many it missed', async () => {
  const chunks: Buffer[] = []
  const seen = (): Kept[] => {
    const text = Buffer.concat(chunks).toString()
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  const change = async (round: number, count: number): Promise<void> => {
    const names = Array.from({ length: count }, (_, index) => `${'N'.repeat(200)}_${round}_${index}=1`)
    await paas.ok('config:import shop --replace --no-restart -', { input: names.join('\n') })
  }
  await change(0, 1)
  const tail = execa('ssh', ['-F', paas.sshConfig, 'paas', 'events shop -t -n 1 --type config --json'], {
    stdin: 'ignore',
    reject: false,
    buffer: false,
  })
  tail.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  await until('it follows', async () => seen().length > 0)
  const first = seen()[0]?.sequence ?? 0
  process.kill(tail.pid ?? 0, 'SIGSTOP')
  // Each names 800 vars that go and 800 that come, twice: 700 KB. What is under way to ssh takes some of them.
  for (let round = 1; round < 21; round++) await change(round, 800)
  process.kill(tail.pid ?? 0, 'SIGCONT')
  await change(21, 1)
  const all = await eventsFor('events shop --type config -n 1000')
  const last = all.at(-1)?.sequence
  await until('it has read on', async () => seen().some(({ sequence }) => sequence === last))
  const told = all.map(({ sequence }) => sequence).filter((sequence) => sequence >= first)
  const marker = seen().findIndex(({ type }) => type === 'events-missed')
  expect(marker).toBeGreaterThan(0)
  const before = seen().slice(0, marker)
  const after = seen().slice(marker + 1)
  const missed = Number(seen()[marker]?.facts?.missed)
  expect(missed).toBeGreaterThan(5)
  expect([...before, ...after].map(({ sequence }) => sequence)).toEqual([
    ...told.slice(0, before.length),
    ...told.slice(before.length + missed),
  ])
  tail.kill('SIGTERM')
  await tail
})

test('the audit says who typed what with which key from where, and how it ended', async () => {
  await viewer.ssh('apps:create veras')
  expect((await viewer.ssh('apps:create blog')).exitCode).toBe(1)
  const [failed, done] = (
    JSON.parse(await paas.ok('audit --who vera --json')) as Record<string, unknown>[]
  ).reverse()
  expect(done).toMatchObject({ who: 'vera', key: 'vera', address: '127.0.0.1', what: 'apps:create veras' })
  expect(done).toMatchObject({ exitCode: 0, fingerprint: expect.stringMatching(/^SHA256:/) })
  expect(failed).toMatchObject({ what: 'apps:create blog', exitCode: 1 })
  const ofBlog = await paas.ok('audit --app blog -n 1000')
  for (const what of [
    'config:set --no-restart TOKEN=...',
    'config:set OTHER -',
    'ps:scale web=2',
    'access:add --role viewer vera',
  ])
    expect(ofBlog).toContain(what)
  expect(failed).toMatchObject({ outcome: 'failed' })
  expect(done).toMatchObject({ outcome: 'done' })
  const pushes = (JSON.parse(await paas.ok('audit --app blog --json')) as Record<string, unknown>[]).filter(
    ({ what }) => what === 'git push blog',
  )
  expect(pushes.map(({ exitCode }) => exitCode)).toEqual([0, 1])
  expect(await paas.ok('audit')).not.toContain('apps:report')
})

test('what was refused by right is in the audit: commands, those that only show, and pushes; in events it is not', async () => {
  const eve = await addPerson(paas, 'eve')
  await paas.ok('access:add blog eve -r viewer')
  expect((await eve.ssh('config:set blog SECRET=canary-9211')).exitCode).toBe(77)
  expect((await eve.ssh('doctor')).exitCode).toBe(77)
  expect((await eve.ssh('domains:add blog *.example.com')).exitCode).toBe(77)
  expect((await eve.ssh('ps:restart --all')).exitCode).toBe(77)
  using repository = await makeRepository(staticApp('eve'))
  expect((await repository.push(eve, 'blog')).exitCode).not.toBe(0)
  // What one may not see does not exist: that is no attempt on it.
  expect((await eve.ssh('config:set shop A=1')).exitCode).toBe(20)

  const deeds = (JSON.parse(await paas.ok('audit --who eve --json')) as Record<string, unknown>[]).reverse()
  expect(deeds.map(({ what, exitCode }) => [what, exitCode])).toEqual(
    ['config:set SECRET=...', 'doctor', 'domains:add "*.example.com"', 'ps:restart --all', 'git push blog']
      .map((what) => [what, 77])
      .reverse(),
  )
  for (const deed of deeds)
    expect(deed).toMatchObject({
      outcome: 'refused',
      key: 'eve',
      fingerprint: expect.stringMatching(/^SHA256:/),
      address: '127.0.0.1',
    })
  expect(await paas.ok('audit --who eve')).toContain('refused (77)')
  expect(await paas.ok('events -n 1000')).not.toContain('command-refused')
  expect(everything()).not.toContain('canary-9211')
  expect(await paas.ok('audit:verify')).toContain('follow one another')
})

test('a command is in the audit before its effect: killed in the middle it stays, without an end', async () => {
  using repository = await makeRepository(staticApp('one'))
  expect((await repository.push(paas, 'shop')).exitCode).toBe(0)
  const running = paas.ssh('run shop sleep 1000')
  await until('it is written down', async () => everything().includes('"message":"run ..."'))
  await paas.kill('server')
  await running
  await until('commands work again', async () => (await paas.ssh('version')).exitCode === 0)
  const [last] = JSON.parse(await paas.ok('audit --app shop -n 1 --json')) as Record<string, unknown>[]
  expect(last).toMatchObject({ what: 'run ...', exitCode: null, endedAt: null })
})

test('an app whose command ends with 77 was not refused', async () => {
  using repository = await makeRepository(staticApp('code'))
  expect((await repository.push(paas, 'codes')).exitCode).toBe(0)
  expect((await paas.ssh("run codes sh -c 'exit 77'")).exitCode).toBe(77)
  const [last] = JSON.parse(await paas.ok('audit --app codes -n 1 --json')) as Record<string, unknown>[]
  expect(last).toMatchObject({ what: 'run ...', outcome: 'failed', exitCode: 77 })
})

test('audit:verify proves the whole, and names the first line that was changed', async () => {
  expect(await paas.ok('audit:verify')).toMatch(/\d+ lines, from number 1 on, follow one another/)
  const [file = ''] = readdirSync(folder())
  const text = readFileSync(join(folder(), file), 'utf8')
  writeFileSync(join(folder(), file), text.replace('apps:create shop', 'apps:create blog'))
  const ran = await paas.ssh('audit:verify')
  expect(ran.exitCode).toBe(1)
  expect(ran.stderr).toMatch(/events\/000000000001\.jsonl, line \d+: it was changed/)
  expect(JSON.parse((await paas.ssh('audit:verify --json')).stdout)).toMatchObject({ whole: false })
})
