import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureNetwork } from '../../server/deploy/network.ts'
import { Sandboxes } from '../../server/deploy/sandboxes.ts'
import { Engine } from '../../server/docker/engine.ts'
import { Store } from '../../server/state/store.ts'
import { staticApp } from '../apps/static.ts'
import { startDockerProxy } from '../docker-proxy.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
  repository = await makeRepository(staticApp('first'))
  expect((await repository.push(paas, 'sand')).exitCode).toBe(0)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const names = async (label: string): Promise<string[]> => {
  const filters = ['--filter', `label=paas.instance=${paas.id}`, '--filter', `label=${label}`]
  const { stdout } = await execa('docker', ['ps', ...filters, '--format', '{{.Names}}'])
  return stdout.split('\n').filter(Boolean)
}

const inspect = async (name: string, format: string): Promise<string> =>
  (await execa('docker', ['inspect', '--format', format, name])).stdout

/** What the only container of the app runs in. */
const sandboxOfLive = async (): Promise<string> => {
  await until('one container runs', async () => (await names('paas.process')).length === 1)
  const [live = ''] = await names('paas.process')
  const mode = await inspect(live, '{{.HostConfig.NetworkMode}}')
  return (await inspect(mode.replace('container:', ''), '{{.Name}}')).replace('/', '')
}

const spare = async (hostname: string): Promise<string> => {
  let found: string[] = []
  await until(`a sandbox ${hostname} waits`, async () => {
    found = await names(`paas.sandbox=${hostname}`)
    return found.length === 1
  })
  return found[0] ?? ''
}

test('behind a deploy the network of the next one is made, and that one joins it', async () => {
  const waiting = await spare('web-1-v2')
  await paas.ok('config:set -a sand A=1')
  expect(await sandboxOfLive()).toBe(waiting)
  const [live = ''] = await names('paas.process')
  expect((await execa('docker', ['exec', live, 'hostname'])).stdout).toBe('web-1-v2')
  expect((await paas.get('sand.localhost')).status).toBe(200)
})

test('a container whose sandbox has ended is started again in the network', async () => {
  const sandbox = await sandboxOfLive()
  await execa('docker', ['kill', sandbox])
  await until('it runs again', async () => {
    const { containers } = JSON.parse(await paas.ok('ps -a sand --json')) as {
      containers: { restarts: number; state: string }[]
    }
    return containers.some(({ restarts, state }) => restarts > 0 && state === 'running')
  })
  await until('it answers', async () => (await paas.get('sand.localhost')).status === 200)
  expect(await sandboxOfLive()).toBe(sandbox)
})

test('one that went away with the server is not left over, and what runs stays as it is', async () => {
  const [live = ''] = await names('paas.process')
  const startedAt = await inspect(live, '{{.State.StartedAt}}')
  const waiting = await spare('web-1-v3')
  await paas.kill('server')
  await paas.up()
  await until('the stray is gone', async () => !(await names('paas.sandbox')).includes(waiting))
  expect(await inspect(live, '{{.State.StartedAt}}')).toBe(startedAt)
  expect((await paas.get('sand.localhost')).status).toBe(200)
})

test('without a sandbox made ahead a container is in the network by itself, and what it is stays known', async () => {
  const [before = ''] = await names('paas.process')
  await paas.ok('config:set -a sand A=2')
  await until('the old one is gone', async () => !(await names('paas.process')).includes(before))
  const [live = ''] = await names('paas.process')
  expect(await inspect(live, '{{.HostConfig.NetworkMode}}')).toMatch(/^paas-/)
  expect((await execa('docker', ['exec', live, 'hostname'])).stdout).toBe('web-1-v3')
  expect((await paas.get('sand.localhost')).status).toBe(200)
  const startedAt = await inspect(live, '{{.State.StartedAt}}')
  await paas.kill('server')
  await paas.up()
  expect((await paas.get('sand.localhost')).status).toBe(200)
  expect(await inspect(live, '{{.State.StartedAt}}')).toBe(startedAt)
  await execa('docker', ['rm', '--force', live])
  await until('it is made again', async () => (await names('paas.process')).includes(live))
  await until('it answers', async () => (await paas.get('sand.localhost')).status === 200)
})

test('a sandbox that somebody removed is done without', async () => {
  await paas.ok('config:set -a sand A=3')
  await execa('docker', ['rm', '--force', await spare('web-1-v5')])
  await paas.ok('config:set -a sand A=4')
  expect((await paas.get('sand.localhost')).status).toBe(200)
})

test('what Docker makes for a server that was killed, after the next has looked, goes too', async () => {
  const make = async (label: string): Promise<string> => {
    const labels = ['--label', `paas.instance=${paas.id}`, '--label', label]
    return (await execa('docker', ['create', ...labels, 'paas/busybox', 'true'])).stdout
  }
  await paas.kill('server')
  await paas.up()
  const late = [await make('paas.sandbox=web-1-v9'), await make('paas.process=web.1')]
  const oneOff = await make('paas.process=run.abcdef')
  const all = async (): Promise<string> => (await execa('docker', ['ps', '-aq', '--no-trunc'])).stdout
  await until('the late ones are gone', async () => {
    const there = await all()
    return late.every((id) => !there.includes(id))
  })
  expect(await all()).toContain(oneOff)
  await execa('docker', ['rm', oneOff])
  expect((await paas.get('sand.localhost')).status).toBe(200)
})

test('with the app its sandboxes go', async () => {
  await paas.ok('config:set -a sand A=5')
  await spare('web-1-v7')
  await paas.ok('destroy -a sand --force')
  expect(await names('paas.sandbox')).toEqual([])
})

test.each([
  ['is made', /^POST \/containers\/create/],
  ['is started', /^POST \/containers\/[^/]+\/start/],
])('a Docker that hangs while the spare %s is waited for once, and said', async (_, call) => {
  const folder = mkdtempSync(join(tmpdir(), 'paas-sandboxes-'))
  await using docker = await startDockerProxy(join(folder, 'docker.sock'))
  const store = new Store(folder)
  const sandboxes = new Sandboxes({
    engine: new Engine({ dockerHost: docker.url, deadlineMs: 3_000 }),
    store,
    walls: { raise: async () => {} },
    mostSpares: 16,
    log: () => {},
  })
  const app = store.apps.create('hangs')
  const patient = new Engine({ dockerHost: docker.url })
  await ensureNetwork({ engine: patient, store, walls: { raise: async () => {} } }, app)
  const place = { process: 'web', number: 1 }
  try {
    await docker.fail('hang', call)
    sandboxes.prepare(app, 1, [place])
    await expect(sandboxes.take(app, place, { version: 1, appLinks: [] })).rejects.toThrow(
      'Docker did not answer within 3 s',
    )
    expect(docker.hits).toBe(1)
    await docker.heal()
    sandboxes.prepare(app, 1, [place])
    const sandbox = await sandboxes.take(app, place, { version: 1, appLinks: [] })
    expect(sandbox?.hostname).toBe('web-1-v1')
  } finally {
    await sandboxes.close()
    store.close()
    const filter = ['--filter', `label=paas.app-id=${app.id}`, '-q']
    const containers = (await execa('docker', ['ps', '-a', ...filter])).stdout.split('\n').filter(Boolean)
    if (containers.length > 0) await execa('docker', ['rm', '-f', ...containers])
    await execa('docker', ['network', 'rm', `paas-${app.id}`], { reject: false })
    rmSync(folder, { recursive: true, force: true })
  }
})
