import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { staticApp } from '../apps/static.ts'
import { type Ran, type TestInstance, until } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'
import type { ModelApp, World } from './world.ts'

/** The names that commands use; and the domains. */
export const appNames = ['red', 'blue'] as const
export const domainNames = ['one.example.com', 'two.example.com'] as const

/** The real system as the model's commands drive it, by several people. */
export type RealWorld = AsyncDisposable & {
  readonly paas: TestInstance
  /** Told of each command before it is given. */
  readonly onCommand: (text: string) => void
  /** One command line by one of the people, counted from 0. */
  ssh(person: number, line: string): Promise<Ran>
  /** A commit with `page` by one of the people; an app's first one begins a history of its own. */
  push(app: string, page: string): Promise<Ran>
  flushRedis(): Promise<void>
  /** SIGKILL; the supervisor starts it again. */
  killServer(): Promise<void>
  /** Takes away all that an earlier run has left. */
  clear(): Promise<void>
  /** Throws where anything is not as in `world`. */
  compare(world: World): Promise<void>
}

export async function realWorld(
  paas: TestInstance,
  onCommand: (text: string) => void = () => {},
): Promise<RealWorld> {
  const people = [await addPerson(paas, 'ann', 'admin'), await addPerson(paas, 'bob', 'admin')]
  const repositories = new Map<string, Repository>()
  const forget = (app: string): void => {
    repositories.get(app)?.[Symbol.dispose]()
    repositories.delete(app)
  }
  return {
    paas,
    onCommand,
    ssh: (person, line) => (people[person % people.length] ?? paas).ssh(line),
    async push(app, page) {
      const repository = repositories.get(app) ?? (await makeRepository())
      repositories.set(app, repository)
      await repository.commit(staticApp(page))
      // An app that was destroyed and made again has another history.
      return repository.push(paas, app, 'main', ['--force'])
    },
    async flushRedis() {
      const redis = new Redis({ path: join(paas.home, 'run', 'redis.sock') })
      redis.on('error', () => {})
      await redis.flushall()
      redis.disconnect()
    },
    async killServer() {
      process.kill(paas.pid('server.supervisor') ?? 0, 'SIGKILL')
      await paas.kill('server')
      await paas.up()
    },
    async clear() {
      for (const { name } of JSON.parse(await paas.ok('apps --json')) as { name: string }[]) {
        await paas.ok(`apps:destroy ${name} --force`)
      }
    },
    compare: (world) => compare(paas, world),
    async [Symbol.asyncDispose]() {
      for (const app of [...repositories.keys()]) forget(app)
    },
  }
}

async function compare(paas: TestInstance, { apps }: World): Promise<void> {
  const there = JSON.parse(await paas.ok('apps --json')) as { name: string }[]
  assert.deepEqual(there.map(({ name }) => name).sort(), [...apps.keys()].sort(), 'other apps are there')
  const taken = new Set([...apps.values()].flatMap(({ domains }) => [...domains]))
  for (const name of appNames) {
    const app = apps.get(name)
    if (app) await compareApp(paas, name, app)
    else assert.equal((await paas.get(`${name}.localhost`)).status, 404, `${name} is still served`)
  }
  for (const domain of domainNames.filter((each) => !taken.has(each)))
    assert.equal((await paas.get(domain)).status, 404, `${domain} is still served`)
}

async function compareApp(paas: TestInstance, name: string, app: ModelApp): Promise<void> {
  const config: unknown = JSON.parse(await paas.ok(`config -a ${name} --json`))
  assert.deepEqual(config, app.config, `another config of ${name}`)
  const serves = app.releases.at(-1)
  const ps = JSON.parse(await paas.ok(`ps ${name} --json`)) as { release: string | null }
  assert.equal(ps.release, serves ? `v${app.releases.length}` : null, `another release of ${name}`)
  if (!serves) return
  for (const host of [`${name}.localhost`, ...app.domains]) {
    assert.equal((await paas.get(host)).body, `${serves.page}\n`, `another page of ${host}`)
  }
  const environment = (await paas.get(`${name}.localhost`, '/cgi-bin/environment')).body.split('\0')
  assert.deepEqual(
    environment.filter((entry) => /^KEY_/.test(entry)).sort(),
    Object.entries(serves.config)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
    `another environment of ${name}`,
  )
  await until(`${app.web} of ${name} run`, async () => (await countRunning(paas, name)) === app.web)
}

async function countRunning(paas: TestInstance, name: string): Promise<number> {
  const { containers } = JSON.parse(await paas.ok(`ps ${name} --json`)) as { containers: { state: string }[] }
  return containers.filter(({ state }) => state === 'running').length
}
