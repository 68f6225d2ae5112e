import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mysqlContainer } from '../../scripts/mysql-image.ts'
import { databaseApp } from '../apps/database.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { mysqlImage } from './mysql-image.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '', PAAS_MYSQL_IMAGE: await mysqlImage() })
  repository = await makeRepository(databaseApp())
  await paas.ok('mysql:create posts')
  const push = await repository.push(paas, 'blog')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  await paas.ok('mysql:link posts blog')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const query = async (app: string, sql: string) => {
  const { body } = await paas.get(`${app}.localhost`, `/query?${new URLSearchParams({ sql })}`)
  return body
}

const container = () => mysqlContainer({ home: paas.home })

const inspect = async (format: string): Promise<string> =>
  (await execa('docker', ['inspect', '--format', format, container()])).stdout

/** Runs one of make's targets' scripts. */
const script = (name: string, environment: Readonly<Record<string, string>> = {}) =>
  execa(join(import.meta.dirname, '..', '..', 'scripts', 'run'), ['node', `scripts/${name}.ts`], {
    env: { ...paas.environment, ...environment },
    extendEnv: false,
    reject: false,
    all: true,
  })

test('a linked app reads and writes, through the gateway of its own network', async () => {
  expect(await query('blog', 'CREATE TABLE t (v TEXT)')).not.toMatch(/denied|ECONN/)
  await query('blog', "INSERT INTO t VALUES ('héllo 🐬')")
  expect(JSON.parse(await query('blog', 'SELECT v FROM t'))).toEqual([{ v: 'héllo 🐬' }])
  const environment = JSON.parse((await paas.get('blog.localhost', '/env')).body)
  expect(environment.DB_HOST).toMatch(/^10\.\d+\.\d+\.1$/)
  expect(await query('blog', 'SELECT * FROM mysql.user')).toMatch(/denied/)
})

test('export, import, clone and connect work', async () => {
  const dump = await paas.ok('mysql:export posts')
  expect(dump).toContain('héllo 🐬')
  await paas.ok('mysql:create copy')
  await paas.ok('mysql:import copy', { input: dump })
  expect(await paas.ok('mysql:connect copy', { input: 'SELECT v FROM t;' })).toBe('v\nhéllo 🐬\n')
  await paas.ok('mysql:clone copy second')
  expect(await paas.ok('mysql:connect second', { input: 'SELECT count(*) AS n FROM t;' })).toBe('n\n1\n')
})

test('its port is closed to apps that are not linked', async () => {
  const push = await repository.push(paas, 'other')
  expect(push.exitCode, push.stderr).toBe(0)
  const port = readFileSync(join(paas.home, 'mysql', 'port'), 'utf8').trim()
  const { network } = JSON.parse(await paas.ok('apps:report other --json'))
  const host = String(network).replace(/\d+\/24$/, '1')
  const { body } = await paas.get('other.localhost', `/tcp?host=${host}&port=${port}`)
  expect(body).not.toBe('"open"')
})

test('the container is limited, publishes nothing, and keeps the root password from others', async () => {
  const [memory, ports, log] = (
    await inspect('{{.HostConfig.Memory}} {{json .HostConfig.PortBindings}} {{.HostConfig.LogConfig.Type}}')
  ).split(' ')
  expect(Number(memory)).toBe(1024 ** 3)
  expect(ports).toBe('{}')
  expect(log).toBe('none')
  expect(await inspect('{{index .Config.Labels "paas.home"}}')).toBe(paas.home)
  const file = join(paas.home, 'mysql', 'root-password')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const password = readFileSync(file, 'utf8')
  expect(password).toMatch(/^[0-9a-f]{48}$/)
  const { stdout: commands } = await execa('ps', ['-eo', 'args'])
  expect(commands).not.toContain(password)
})

test('status and doctor know it', async () => {
  const image = paas.environment.PAAS_MYSQL_IMAGE ?? ''
  expect((await script('status')).stdout).toMatch(new RegExp(`^mysql +running .* ${image}$`, 'm'))
  expect(await paas.ok('doctor')).toContain(`the one from ${image} lets us in`)
})

test('killed with its starter, it comes back with what was stored, at the same address', async () => {
  const before = await inspect('{{.Id}}')
  process.kill(paas.pid('mysql') ?? 0, 'SIGKILL')
  await until('another container runs', async () => {
    const { stdout } = await execa('docker', ['ps', '-q', '--no-trunc', '--filter', `name=${container()}`])
    return stdout !== '' && stdout !== before
  })
  await until('it answers', async () => (await paas.ssh('mysql:info posts')).exitCode === 0)
  expect(JSON.parse(await query('blog', 'SELECT v FROM t'))).toEqual([{ v: 'héllo 🐬' }])
})

test('another place for databases is refused while some are here', async () => {
  const ran = await script('up', { PAAS_MYSQL_IMAGE: '' })
  expect(ran.exitCode).toBe(1)
  expect(ran.all).toContain(`Without PAAS_MYSQL_IMAGE the 3 databases in ${paas.home}/mysql/image/data`)
  expect(ran.all).toContain('mysql:export NAME > NAME.sql')
})

test('an image that nobody has stops make up with one clear line, and what runs goes on', async () => {
  const ran = await script('up', { PAAS_MYSQL_IMAGE: '127.0.0.1:9/none/mariadb:11' })
  expect(ran.exitCode).toBe(75)
  expect(ran.all).toContain('The image PAAS_MYSQL_IMAGE=127.0.0.1:9/none/mariadb:11 is not on this machine')
  expect(ran.all).toContain('docker load')
  await paas.ok('mysql:info posts')
})

test('make down ends it, make up brings it back with all that is in it', async () => {
  await paas.down()
  expect((await execa('docker', ['inspect', container()], { reject: false })).failed).toBe(true)
  expect(existsSync(join(paas.home, 'run', 'mysql.nft'))).toBe(false)
  await paas.up()
  expect(await paas.ok('mysql:connect posts', { input: 'SELECT v FROM t;' })).toBe('v\nhéllo 🐬\n')
})
