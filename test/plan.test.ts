import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changesNothing } from '../server/command.ts'
import { Jobs } from '../server/deploy/jobs.ts'
import { dispatch } from '../server/dispatch.ts'
import { Engine } from '../server/docker/engine.ts'
import { Outputs } from '../server/outputs/outputs.ts'
import type { Paas } from '../server/paas.ts'
import { loadRegistry } from '../server/registry.ts'
import { Provisioning } from '../server/services/provisioning.ts'
import { loadServiceKinds } from '../server/services/service-kinds.ts'
import type { Session } from '../server/ssh/session.ts'
import { Store } from '../server/state/store.ts'

// The dispatcher in this process, on a real store. Docker, Redis and MySQL are not there: a plan asks nobody to change anything.
const registry = await loadRegistry()
let folder: string
let store: Store
let paas: Paas
const logged: string[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paas-plan-'))
  store = new Store(folder)
  const admin = store.people.createUser('admin', 'admin')
  store.people.addKey({ fingerprint: 'SHA256:admin', userId: admin.id, publicLine: 'x' })
  store.people.createUser('ann', 'member')
  for (const name of ['blog', 'shop']) release(name)
  const log = (line: string): void => void logged.push(line)
  const url = 'mysql://nobody@127.0.0.1:9/none'
  const kinds = await loadServiceKinds({ home: folder, url, instanceId: store.instanceId, log })
  const closing = new AbortController().signal
  paas = {
    store,
    log,
    closing,
    jobs: new Jobs({ store, outputs: new Outputs(folder), closing }),
    engine: new Engine({ dockerHost: 'unix:///nonexistent/docker.sock' }),
    events: { begin: () => 1, end: () => {}, refuse: () => {} },
    provisioning: new Provisioning({ store, kinds, walls: { raise: async () => {} }, log, closing }),
    settings: {
      home: folder,
      domain: 'localhost',
      dockerHost: 'unix:///nonexistent/docker.sock',
      keepReleases: 5,
      buildsAtOnce: 2,
      spareSandboxes: 0,
      imageBudgetBytes: 1e10,
      diskFloorBytes: 0,
    },
  } as unknown as Paas
})
afterAll(() => {
  store?.close()
  rmSync(folder, { recursive: true, force: true })
})

function release(name: string): void {
  const app = store.apps.create(name)
  store.releases.add({
    appId: app.id,
    version: 1,
    image: 'sha256:1',
    commit: null,
    config: { A: 'secret-1' },
    shared: [],
    links: [],
    appLinks: [],
    processes: { web: null, worker: 'work' },
    checks: {},
    cron: [],
    formation: { web: 1, worker: 0 },
    port: 5000,
    entrypoint: false,
    description: 'Deploy',
    createdBy: 'admin',
    createdAt: new Date().toISOString(),
  })
  store.apps.setRelease(app.id, 1)
  store.config.replace(app.id, { A: 'secret-1' })
  store.formations.replace(app.id, { web: 1, worker: 0 })
}

async function type(line: string, input = ''): Promise<{ code: number; said: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdin.end(input)
  const session: Session = {
    person: {
      userId: store.people.userByName('admin')?.id ?? '',
      name: 'admin',
      fingerprint: 'SHA256:admin',
    },
    sshUser: 'paas',
    address: '127.0.0.1',
    line,
    environment: {},
    stdin,
    stdout,
    stderr,
    terminal: undefined,
    signal: new AbortController().signal,
  }
  const code = await dispatch(paas, registry, session)
  stdout.end()
  stderr.end()
  return { code, said: (await text(stdout)) + (await text(stderr)) }
}

/** Every write is appended to the log or the file. */
const state = (): string => {
  const hash = createHash('sha256')
  for (const file of ['state.db', 'state.db-wal'])
    if (existsSync(join(folder, file))) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex')
}

const changing = [...registry.commands].filter(([, command]) => !changesNothing(command))
/** `ssh paas` takes `--plan` behind the command: an example's own `<` and `--` belong to the person's shell and to `run`. */
const planned = (example: string): string => {
  const [command, ...rest] = example.replace(/ [<>|].*$/, '').split(' ')
  return [command, '--plan', ...rest].join(' ')
}

test.each(changing)('%s changes nothing with --plan', async (_, command) => {
  const told: string[] = []
  for (const example of command.examples) {
    const before = state()
    const { said } = await type(planned(example))
    expect(said, example).not.toContain('Internal error')
    expect(said, example).not.toContain('cannot say beforehand')
    expect(state(), `${example}: ${said}`).toBe(before)
    told.push(said)
  }
  // Some of them only show something where they are given nothing.
  expect(told.some((said) => /^(It would change | ! {5})/.test(said))).toBe(true)
  expect(logged.splice(0)).toEqual([])
})

test.each([
  ['config:set blog B=2 A=other', ['config: + B, ~ A', 'release: v2 in place of v1']],
  ['config:set blog --no-restart B=2', ['config: + B', 'pending until the next release']],
  ['config:unset blog A', ['config: - A']],
  ['config:clear blog', ['config: - A']],
  ['scale blog web=3 worker+1', ['quantities: web=1 -> web=3, worker=0 -> worker=1']],
  ['domains:add blog www.example.com', ['domains: + www.example.com']],
  ['domains:set blog www.example.com', ['domains: + www.example.com, - blog.localhost']],
  ['ports:set blog 3000', ['port: by rule -> 3000']],
  ['git:set blog deploy-branch production', ['deploy-branch: by rule -> production']],
  ['checks:set blog attempts 5', ['attempts: by rule -> 5']],
  ['checks:skip blog web', ['checks of web: skipped']],
  ['access:add blog ann -r viewer', ['ann: no role -> viewer']],
  ['apps:create new', ['app: + new, of which admin is the admin']],
  ['apps:rename blog journal', ['name: blog -> journal', 'its domain follows']],
  ['apps:destroy blog', ['app: - blog, with its repository', 'images: - 1']],
  ['mysql:create orders', ['database: + orders']],
  ['releases:set blog keep 10', ['keep: by rule -> 10']],
  ['run blog ls -la', ['a container of v1 that runs: ls -la']],
])('%s says what it would change', async (line, lines) => {
  const { said } = await type(planned(line))
  for (const each of lines) expect(said).toContain(each)
  expect(said).not.toMatch(/secret-1|other/)
})

test('a plan meets the same refusals as the change', async () => {
  for (const line of [
    'config:unset blog NONE',
    'scale blog none=1',
    'apps:create shop',
    'apps:rename blog shop',
    'domains:add blog shop.localhost',
    'git:set blog deploy-branch ..',
    'access:add blog nobody',
    'rollback blog',
    'undo blog',
    'mysql:create Not-A-Name',
  ]) {
    const { code, said } = await type(planned(line))
    expect(code, `${line}: ${said}`).not.toBe(0)
    expect(said, line).toMatch(/^ ! {5}/)
  }
})

test('a plan is one JSON document too', async () => {
  const { said } = await type('config:set --plan --json blog B=2')
  expect(JSON.parse(said)).toMatchObject({ command: 'config:set', app: 'blog', plan: true })
  expect((JSON.parse(said) as { changes: string[] }).changes[0]).toBe('config: + B')
})
