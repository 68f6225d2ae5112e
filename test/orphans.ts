import { join } from 'node:path'
import { execa } from 'execa'
import { Redis } from 'ioredis'
import { asAdmin, locate } from '../server/services/mysql/connection.ts'
import type { TestInstance } from './instance.ts'

/** What was found of an instance that nothing in it speaks of; all empty where nothing is left over. */
export type Orphans = Readonly<
  Record<'containers' | 'sandboxes' | 'networks' | 'images' | 'databases' | 'routes', readonly string[]>
>

/** Compares all that Docker, Redis and the instance's own MariaDB, where it has one, hold with what its commands say. */
export async function orphansOf(paas: TestInstance): Promise<Orphans> {
  const apps = await appsOf(paas)
  const known = new Set(apps.map(({ id }) => id))
  const ours = (...words: string[]): Promise<readonly string[]> =>
    docker(...words, '--filter', `label=paas.instance=${paas.id}`)
  const process = '{{.Label "paas.app-id"}} {{.Label "paas.process"}} {{.Label "paas.release"}}'
  const containers = await ours('ps', '--all', '--filter', 'label=paas.process', '--format', process)
  const sandboxes = await ours(
    ...['ps', '--all', '--filter', 'label=paas.sandbox', '--format', '{{.Label "paas.app-id"}}'],
  )
  const networks = await ours('network', 'ls', '--format', '{{.Label "paas.app-id"}}')
  return {
    containers: without(
      containers,
      apps.flatMap(({ containers }) => containers),
    ),
    // One each, and one each for the next deploy.
    sandboxes: without(
      sandboxes,
      apps.flatMap(({ id, most }) => Array.from({ length: 2 * most }, () => id)),
    ),
    networks: networks.filter((id) => !known.has(id)),
    images: without(
      await ours('images', '--all', '--no-trunc', '--quiet'),
      apps.flatMap(({ images }) => images),
    ),
    databases: await databaseOrphans(paas, apps),
    routes: await routeOrphans(paas),
  }
}

type Known = {
  readonly name: string
  readonly id: string
  readonly containers: readonly string[]
  /** How many it may run. */
  readonly most: number
  readonly images: readonly string[]
}

async function appsOf(paas: TestInstance): Promise<readonly Known[]> {
  const apps = await asked<{ name: string }[]>(paas, 'apps')
  return Promise.all(
    apps.map(async ({ name }) => {
      const { id } = await asked<{ id: string }>(paas, `apps:report ${name}`)
      const ps = await asked<Ps>(paas, `ps ${name}`)
      const releases = await asked<StoredRelease[]>(paas, `releases ${name} -n 1000`)
      const images: string[] = []
      for (const { version } of releases.filter(({ imageGone }) => !imageGone)) {
        images.push((await asked<{ image: string }>(paas, `releases:info ${version} -a ${name}`)).image)
      }
      const quantity = Object.values(ps.formation).reduce((sum, each) => sum + each, 0)
      return {
        name,
        id,
        images: [...new Set(images)],
        containers: ps.containers.map(({ process, release }) => `${id} ${process} ${release}`),
        most: Math.max(quantity, ps.containers.length),
      }
    }),
  )
}

type StoredRelease = { readonly version: string; readonly imageGone: boolean }

type Ps = {
  readonly formation: Readonly<Record<string, number>>
  readonly containers: readonly { readonly process: string; readonly release: string }[]
}

async function databaseOrphans(paas: TestInstance, apps: readonly Known[]): Promise<readonly string[]> {
  if (paas.environment.MYSQL_URL !== '') return []
  const services = await asked<unknown[]>(paas, 'mysql')
  const links = await Promise.all(apps.map(({ name }) => asked<unknown[]>(paas, `mysql:links ${name}`)))
  return asAdmin(locate(paas.home, undefined), async (admin) => {
    const list = async (sql: string): Promise<readonly string[]> =>
      (await admin.run(sql)).rows.map(([first]) => String(first))
    const databases = await list(`SHOW DATABASES LIKE 'paas${paas.id}%'`)
    const own = await list(`SELECT user FROM mysql.user WHERE user LIKE 's${paas.id}%'`)
    const linked = await list(`SELECT user FROM mysql.user WHERE user LIKE 'u${paas.id}%'`)
    return [
      ...databases.slice(services.length),
      ...own.slice(services.length),
      ...linked.slice(links.flat().length),
    ]
  })
}

async function routeOrphans(paas: TestInstance): Promise<readonly string[]> {
  const routes = await asked<{ host: string }[]>(paas, 'routes')
  const redis = new Redis({ path: join(paas.home, 'run', 'redis.sock') })
  redis.on('error', () => {})
  try {
    return without(
      await redis.keys('frontend:*'),
      routes.map(({ host }) => `frontend:${host}`),
    )
  } finally {
    redis.disconnect()
  }
}

const asked = async <T>(paas: TestInstance, line: string): Promise<T> =>
  JSON.parse(await paas.ok(`${line} --json`)) as T

const docker = async (...words: string[]): Promise<readonly string[]> =>
  (await execa('docker', words)).stdout.split('\n').filter(Boolean)

/** `all` without one for each of `taken`. */
function without(all: readonly string[], taken: readonly string[]): readonly string[] {
  const left = [...all]
  for (const each of taken) {
    const at = left.indexOf(each)
    if (at >= 0) left.splice(at, 1)
  }
  return left
}
