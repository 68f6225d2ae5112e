import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

let paas: TestInstance
let repository: Repository
/** `web` writes what it is asked for: `GET /cgi-bin/write?COUNT-NAME`. */
const files = {
  Dockerfile: [
    'FROM paas/busybox',
    'COPY . /app',
    'WORKDIR /app',
    'RUN chmod 755 www/cgi-bin/write',
    '',
  ].join('\n'),
  'www/index.html': 'here\n',
  'www/cgi-bin/write': [
    '#!/bin/sh',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    'count=${QUERY_STRING%%-*} name=${QUERY_STRING#*-}',
    `busybox awk -v n="$count" -v name="$name" 'BEGIN { for (i = 1; i <= n; i++) print name, i }' >/proc/1/fd/1`,
    'printf "Content-Type: text/plain\\r\\n\\r\\ndone\\n"',
    '',
  ].join('\n'),
  Procfile: [
    'web: busybox httpd -f -p $PORT -h www',
    "worker: sh -c 'sh tick worker'",
    'last: sh -c \'trap "echo $PAAS_RELEASE says good-bye; exit 0" TERM; echo $PAAS_RELEASE is up; while :; do sleep 0.1; done\'',
    '',
  ].join('\n'),
  tick: 'n=0\nwhile true; do n=$((n+1)); echo "$1 $PAAS_RELEASE $DYNO $n"; sleep 0.05; done\n',
}

beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(files)
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('scale blog worker=1 last=1')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const log = async (options: string): Promise<string[]> =>
  (await paas.ok(`logs blog ${options}`)).split('\n').filter(Boolean)

/** What `name` has written, by number. */
const numbersOf = (lines: readonly string[], name: string): number[] =>
  lines.flatMap((line) => (line.includes(`: ${name} `) ? Number(line.split(' ').at(-1)) : []))

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

async function follow(options: string): Promise<AsyncDisposable & { lines(): string[] }> {
  const following = execa('ssh', ['-F', paas.sshConfig, 'paas', `logs blog -t ${options}`], {
    reject: false,
    buffer: false,
  })
  const chunks: Buffer[] = []
  following.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    lines: () => {
      const text = Buffer.concat(chunks).toString()
      return text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean)
    },
    async [Symbol.asyncDispose]() {
      following.kill('SIGTERM')
      await following
    },
  }
}

test('what a container wrote last is there after its release and its process have gone', async () => {
  await until('it is up', async () => (await log('-p last')).length > 0)
  await repository.commit({ 'www/index.html': 'second\n' })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await until('the old one has gone', async () => (await log('-p last --release v1')).length === 2)
  expect((await log('-p last --release v1')).map((line) => line.replace(/^.*\]: /, ''))).toEqual([
    'v1 is up',
    'v1 says good-bye',
  ])
  await paas.ok('scale blog last=0')
  await until('it is told', async () => (await log('-p last --release v2')).length === 2)
})

test('-t goes on through scaling up and down, each line once', async () => {
  await using following = await follow('-p worker -n 0')
  await paas.ok('scale blog worker=3')
  await until(
    'the third is followed',
    async () => numbersOf(following.lines(), 'worker v2 worker.3').length > 5,
  )
  await paas.ok('scale blog worker=1')
  await paas.ok('scale blog worker=2')
  await until('the second has begun anew', async () => {
    const numbers = numbersOf(following.lines(), 'worker v2 worker.2')
    return numbers.lastIndexOf(1) > 0
  })
  for (const dyno of ['worker.2', 'worker.3']) {
    const numbers = numbersOf(following.lines(), `worker v2 ${dyno}`)
    numbers.forEach((number, index) => {
      if (number !== 1) expect(number, dyno).toBe((numbers[index - 1] ?? 0) + 1)
    })
  }
  const all = numbersOf(following.lines(), 'worker v2 worker.1')
  expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index))
})

test('a server that is killed again and again leaves nothing out and repeats nothing', async () => {
  await paas.ok('scale blog worker=1')
  for (let round = 0; round < 3; round++) {
    await paas.kill('server')
    await until('it is back', async () => (await paas.ssh('version')).exitCode === 0)
  }
  const now = numbersOf(await log('-p worker.1 -n 100000 --release v2'), 'worker v2 worker.1').at(-1) ?? 0
  await until('it goes on', async () => {
    const numbers = numbersOf(await log('-p worker.1 -n 100000 --release v2'), 'worker v2 worker.1')
    return (numbers.at(-1) ?? 0) > now + 20
  })
  const numbers = numbersOf(await log('-p worker.1 -n 100000 --release v2'), 'worker v2 worker.1')
  expect(numbers).toEqual(upTo(numbers.length))
})

test('a burst of 200,000 lines arrives whole, in the log and with -t', async () => {
  await using following = await follow('-p web -n 0')
  await until('it follows', async () => {
    await paas.get('blog.localhost', '/cgi-bin/write?1-ready')
    return numbersOf(following.lines(), 'ready').length > 0
  })
  await paas.get('blog.localhost', '/cgi-bin/write?200000-burst')
  await until('all of it is there', async () => following.lines().at(-1)?.endsWith(': burst 200000') === true)
  expect(numbersOf(following.lines(), 'burst')).toEqual(upTo(200_000))
  expect(numbersOf(await log('-p web -n 200000'), 'burst')).toEqual(upTo(200_000))
})

test('the size that is set holds, and a size that cannot be is refused', async () => {
  expect(await paas.ok('logs:set blog size 1m --plan')).toContain('size')
  for (const line of ['logs:set blog size 1k', 'logs:set blog size much', 'logs:set blog sizes 1m'])
    expect((await paas.ssh(line)).exitCode, line).toBe(64)
  expect(await paas.ok('logs:set blog size 1m')).toContain('1.0 MB')
  await paas.get('blog.localhost', '/cgi-bin/write?40000-more')
  const { id } = JSON.parse(await paas.ok('apps:report blog --json')) as { id?: string }
  const [folder = ''] = readdirSync(join(paas.home, 'app-logs'))
  if (id !== undefined) expect(folder).toBe(id)
  const bytes = (): number =>
    readdirSync(join(paas.home, 'app-logs', folder)).reduce(
      (sum, name) =>
        sum + (statSync(join(paas.home, 'app-logs', folder, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  await until(
    'the newest are there',
    async () => numbersOf(await log('-p web -n 10'), 'more').at(-1) === 40_000,
  )
  expect(bytes()).toBeLessThanOrEqual(1024 * 1024)
  const use = JSON.parse(await paas.ok('disk --json')) as { apps: { app: string; logBytes: number }[] }
  expect(use.apps.find(({ app }) => app === 'blog')?.logBytes).toBeGreaterThan(bytes() / 2)
})

test('what is beyond is counted, to the line, and the neighbour misses nothing', async () => {
  const before = numbersOf(await log('-p worker.1 -n 100000'), 'worker v2 worker.1').at(-1) ?? 0
  await paas.ok('logs:set blog size 100m')
  await paas.get('blog.localhost', '/cgi-bin/write?700000-flood')
  let lines: string[] = []
  const missedIn = (): number[] =>
    lines.flatMap((line) => {
      const [, count] = /app\[logs\]: (\d+) lines of web\.1 were missed/.exec(line) ?? []
      return count === undefined ? [] : Number(count)
    })
  await until('the end of it is told', async () => {
    lines = await log('-p web -n 1000000')
    const sum = missedIn().reduce((one, other) => one + other, 0)
    return sum + numbersOf(lines, 'flood').length >= 700_000
  })
  const sum = missedIn().reduce((one, other) => one + other, 0)
  expect(sum).toBeGreaterThan(100_000)
  expect(sum + numbersOf(lines, 'flood').length).toBe(700_000)
  // Gaps are where the notes say so, and nowhere else.
  const gaps: number[] = []
  let expected = 1
  for (const line of lines) {
    const number = numbersOf([line], 'flood')[0]
    if (number === undefined) continue
    if (number !== expected) gaps.push(number - expected)
    expected = number + 1
  }
  if (expected <= 700_000) gaps.push(700_001 - expected)
  expect(gaps).toEqual(missedIn())
  const worker = numbersOf(await log('-p worker.1 -n 1000000'), 'worker v2 worker.1')
  expect(worker.filter((number) => number > before).length).toBe((worker.at(-1) ?? 0) - before)
})

test('the log of an app that is gone goes, and who follows it is through', async () => {
  const following = execa('ssh', ['-F', paas.sshConfig, 'paas', 'logs blog -t'], { reject: false })
  await until('it follows', async () => /app/.test(await paas.ok('logs blog -n 1')))
  await paas.ok('destroy blog --force')
  await following
  expect(readdirSync(join(paas.home, 'app-logs'))).toEqual([])
  const stray = join(paas.home, 'app-logs', 'aaaaaaaaaa')
  mkdirSync(stray)
  expect(await paas.ok('cleanup')).toContain('kept log of an app that is gone')
  expect(readdirSync(join(paas.home, 'app-logs'))).toEqual([])
})
