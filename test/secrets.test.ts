import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance, until } from './instance.ts'
import { makeRepository, type Repository } from './repository.ts'

// Tells its secrets wherever it can: in the build, in a task, in its log and when it dies.
const leakyApp = (end: string) => ({
  Dockerfile: `FROM paas/busybox\nARG API_TOKEN\nCOPY . /app\nWORKDIR /app\nRUN echo "built with $API_TOKEN"; test ! -e broken || exit 3\n`,
  Procfile: `web: sh start\nrelease: sh -c "echo task with $API_TOKEN; echo in a task: $(grep -o 'zq[0-9a-f]*' $SERVICE)"\n`,
  start: `echo "started with $API_TOKEN and $DATABASE_URL"\necho "its file: $(grep -o 'zq[0-9a-f]*' "$SERVICE")"\n${end}\n`,
  'www/index.html': 'here\n',
})
const serves = 'exec busybox httpd -f -p "$PORT" -h www'

// No hexadecimal digit is at its beginning: no id looks like it.
const canary = (): string => `zq${randomBytes(12).toString('hex')}`
const [token, password, newer, inFile] = [canary(), canary(), canary(), canary()]
const canaries = [token, password, newer, inFile]

let paas: TestInstance
let repository: Repository
const said: string[] = []
const startedAt = new Date()
beforeAll(async () => {
  paas = await startInstance()
  await paas.ok('apps:create leaky')
  await paas.ok(`config:set leaky API_TOKEN=${token} DATABASE_URL=mysql://u:${password}@db/x`)
  await paas.ok('config:set leaky --file /run/secrets/service.json SERVICE -', {
    input: JSON.stringify({ type: 'account', private: inFile }),
  })
  repository = await makeRepository(leakyApp(serves))
  const push = await repository.push(paas, 'leaky')
  expect(push.exitCode, push.stderr).toBe(0)
  said.push(push.stderr)
  await repository.commit({ ...leakyApp(serves), broken: '' })
  said.push((await repository.push(paas, 'leaky')).stderr)
  await repository.git(['rm', '--quiet', 'broken'])
  await repository.commit(leakyApp('exit 7'))
  said.push((await repository.push(paas, 'leaky')).stderr)
  const set = await paas.ssh(`config:set leaky API_TOKEN=${newer}`)
  said.push(set.stdout, set.stderr)
}, 120_000)
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const found = (where: string, text: string | Buffer): readonly string[] =>
  canaries.filter((each) => text.includes(each)).map((each) => `${where}: ${each}`)

test('what a build, a task and a dying process print shows dots in place of secrets', () => {
  const all = said.join('\n')
  expect(all).toContain('built with ••••••••')
  expect(all).toContain('task with ••••••••')
  expect(all).toContain('started with •••••••• and mysql://u:••••••••@db/x')
  expect(all).toContain('its file: ••••••••')
  expect(all).toContain('in a task: ••••••••')
  expect(all).toContain('exit code 3')
  expect(all).toContain('exited with code 7')
  expect(found('what was said', all)).toEqual([])
})

test('no command that shows something shows one, but those that are for it', async () => {
  await until('the log has it', async () => (await paas.ok('logs leaky')).includes('started with ••••••••'))
  const lines = [
    ...['logs leaky', 'logs leaky -s build', 'builds leaky', 'builds:output leaky', 'releases leaky'],
    ...['releases:info leaky', 'releases:output leaky', 'releases:diff leaky v1 v2', 'apps:report leaky'],
    ...['ps leaky', 'ps:inspect leaky', 'why leaky', 'events', 'audit', 'deploys leaky', 'report', 'doctor'],
    ...['config leaky --masked', 'config:keys leaky', 'undo leaky --plan', 'disk', 'routes leaky'],
  ]
  for (const form of ['', ' --json']) {
    const told = await Promise.all(lines.map((line) => paas.ssh(`${line}${form}`)))
    const leaks = told.flatMap(({ stdout, stderr }, index) =>
      found(`${lines[index]}${form}`, stdout + stderr),
    )
    expect(leaks).toEqual([])
  }
}, 60_000)

test('no file of the instance has one, and no process of this machine in its arguments', async () => {
  const files = readdirSync(paas.home, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  )
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const path = join(file.parentPath, file.name)
    expect(found(path, readFileSync(path))).toEqual([])
  }
  const { stdout } = await execa('ps', ['-eww', '-o', 'args'])
  expect(found('ps', stdout)).toEqual([])
})

test('the container itself has them, and nothing else of it', async () => {
  const { stdout } = await execa('docker', ['ps', '-aq', '--filter', `label=paas.instance=${paas.id}`])
  for (const id of stdout.split('\n').filter(Boolean)) {
    const [facts] = JSON.parse((await execa('docker', ['inspect', id])).stdout) as [
      { Config: { Env?: unknown } },
    ]
    delete facts.Config.Env
    expect(found(id, JSON.stringify(facts))).toEqual([])
  }
  expect(await paas.ok(`run leaky sh -c 'echo $API_TOKEN'`)).toBe(`${newer}\n`)
  expect(await paas.ok(`run leaky sh -c 'cat $SERVICE'`)).toContain(inFile)
})

// docs/secrets.md: what a Dockerfile declares as ARG is in the image's history.
const undeclared = [password, inFile]

test('no image, and nothing that Docker keeps or told of it, has one that the Dockerfile does not declare', async () => {
  const filter = ['--filter', `label=paas.instance=${paas.id}`]
  const { stdout } = await execa('docker', ['images', '-aq', '--no-trunc', ...filter])
  const images = [...new Set(stdout.split('\n').filter(Boolean))]
  expect(images.length).toBeGreaterThan(0)
  const leaks: string[] = []
  for (const image of images) {
    const { stdout: history } = await execa('docker', ['history', '--no-trunc', image])
    const { stdout: facts } = await execa('docker', ['inspect', image])
    const layers = await execa('docker', ['save', image], { encoding: 'buffer', maxBuffer: 1 << 30 })
    leaks.push(
      ...found(image, `${history}${facts}`),
      ...found(`${image}, layers`, Buffer.from(layers.stdout)),
    )
  }
  const { stdout: cache } = await execa('docker', ['system', 'df', '-v', '--format', '{{json .BuildCache}}'])
  const { stdout: events } = await execa('docker', [
    ...['events', ...filter, '--format', '{{json .}}'],
    ...['--since', startedAt.toISOString(), '--until', new Date().toISOString()],
  ])
  expect(events).toContain(paas.id)
  leaks.push(...found('build cache', cache), ...found('events', events))
  expect(leaks.filter((leak) => undeclared.some((each) => leak.includes(each)))).toEqual([])
}, 60_000)

test('neither Redis nor a backup as a whole has one in plain', async () => {
  const redis = async (...words: string[]): Promise<string> =>
    (await execa('redis-cli', ['-s', join(paas.home, 'run', 'redis.sock'), '--raw', ...words])).stdout
  const keys = (await redis('--scan')).split('\n').filter(Boolean)
  expect(keys).toContain('frontend:leaky.localhost')
  const read: Readonly<Record<string, readonly string[]>> = {
    string: ['GET'],
    list: ['LRANGE', '0', '-1'],
    set: ['SMEMBERS'],
    hash: ['HGETALL'],
  }
  for (const key of keys) {
    const [command, ...range] = read[await redis('TYPE', key)] ?? []
    expect(command, key).toBeDefined()
    expect(found(key, await redis(command ?? '', key, ...range))).toEqual([])
  }
  const archive = await paas.ssh('backup')
  expect(archive.stdout.length, archive.stderr).toBeGreaterThan(10_000)
  // With the images is their history.
  const leaks = found('backup', archive.stdout)
  expect(leaks.filter((leak) => !leak.endsWith(token))).toEqual([])
})

test('no process outside of the app has one in its environment, and no log or temporary file of this machine', async () => {
  const leaks: string[] = []
  let looked = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The app's own processes, and what Docker has put before them.
      if (/docker[/-][0-9a-f]{64}/.test(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))) continue
      leaks.push(...found(`process ${pid}`, readFileSync(`/proc/${pid}/environ`)))
      looked++
    } catch {
      // It has ended meanwhile, or is the kernel's.
    }
  }
  expect(looked).toBeGreaterThan(5)
  expect(leaks).toEqual([])
  const patterns = canaries.flatMap((each) => ['-e', each])
  const places = [
    '/var/log',
    ...readdirSync(tmpdir())
      .filter((name) => name.startsWith('paas'))
      .map((name) => join(tmpdir(), name)),
  ]
  const { stdout } = await execa('grep', ['-rlaF', '--devices=skip', ...patterns, ...places], {
    reject: false,
  })
  expect(stdout).toBe('')
}, 60_000)
