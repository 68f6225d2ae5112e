import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processApp } from '../apps/processes.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(processApp('first'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('scale blog worker=1')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)

test('each line is time, source and text', async () => {
  await until('both have written', async () => /worker\.1/.test(await paas.ok('logs blog')))
  for (const line of linesOf(await paas.ok('logs blog -s app')))
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z app\[(web|worker)\.1\]: (web|worker) v1 \d+$/,
    )
})

test('-n limits, -p and -s choose, --json says the same', async () => {
  expect(linesOf(await paas.ok('logs blog -n 3'))).toHaveLength(3)
  expect(await paas.ok('logs blog -n 0')).toBe('')
  const workers = linesOf(await paas.ok('logs blog -p worker'))
  expect(workers.length).toBeGreaterThan(0)
  expect(workers.every((line) => line.includes('app[worker.1]'))).toBe(true)
  expect(linesOf(await paas.ok('logs blog -p worker.2'))).toEqual([])
  const entries = JSON.parse(await paas.ok('logs blog -n 2 -p web --json'))
  expect(entries).toHaveLength(2)
  expect(entries[0]).toMatchObject({ source: 'app[web.1]', text: expect.stringMatching(/^web v1 \d+$/) })
  for (const line of [
    'logs blog -n x',
    'logs blog -s nothing',
    'logs blog --since never',
    'logs blog --release x',
  ])
    expect((await paas.ssh(line)).exitCode, line).toBe(64)
})

test('requests are lines of the router', async () => {
  await paas.get('blog.localhost', '/index.html?a=1')
  await until('the request is in the log', async () =>
    (await paas.ok('logs blog -s router')).includes('path="/index.html?a=1"'),
  )
  const [line = ''] = linesOf(await paas.ok('logs blog -s router -n 1'))
  expect(line).toMatch(
    /Z app\[router\]: at=info method=GET path=".*" host=blog.localhost .*dyno=web\.1 .*status=200/,
  )
})

test('--since and --release choose by time and release', async () => {
  const at = linesOf(await paas.ok('logs blog -n 5 -p web'))[0]?.split(' ')[0] ?? ''
  const since = linesOf(await paas.ok(`logs blog -n 1000 -p web --since ${at}`))
  expect(since.length).toBeGreaterThan(0)
  expect(since.every((line) => line >= at.slice(0, 23))).toBe(true)
  expect(linesOf(await paas.ok('logs blog --since 10m'))).not.toEqual([])
  expect(linesOf(await paas.ok('logs blog --release v1'))).not.toEqual([])
  expect(linesOf(await paas.ok('logs blog --release v9'))).toEqual([])
})

test('-t follows through a redeploy and a crash without a gap or a repeat', async () => {
  const following = execa('ssh', ['-F', paas.sshConfig, 'paas', 'logs', 'blog', '-t', '-n', '5'], {
    reject: false,
    buffer: false,
  })
  let text = ''
  following.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await until('the first lines are there', async () => linesOf(text).length >= 5)
  await repository.commit(processApp('second'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  const count = (pattern: RegExp): number => [...text.matchAll(pattern)].length
  await until('the new release is followed', async () => count(/web v2 \d+$/gm) > 3)
  await paas.ok('ps:kill blog worker.1')
  await until('the killed process is followed again', async () => count(/worker v2 1$/gm) === 2)
  await paas.get('blog.localhost', '/while-following')
  await until('the router is followed', async () => text.includes('/while-following'))
  following.kill('SIGTERM')
  await following

  const lines = linesOf(text.slice(0, text.lastIndexOf('\n')))
  expect(new Set(lines).size).toBe(lines.length)
  for (const source of ['web v1', 'web v2', 'worker v1', 'worker v2']) {
    const numbers = lines.flatMap((line) =>
      line.includes(`: ${source} `) ? Number(line.split(' ').at(-1)) : [],
    )
    expect(numbers.length, source).toBeGreaterThan(0)
    // Each run counts from 1; the first that is seen may begin later.
    numbers.forEach((number, index) => {
      if (index > 0 && number !== 1) expect(number, source).toBe((numbers[index - 1] ?? 0) + 1)
    })
  }
})

test('control characters do no harm', async () => {
  await repository.commit({
    tick: `printf 'title \\033]0;owned\\007 bell \\007 back \\b cr \\r c1 \\302\\2332J end\\n'\nsleep 600\n`,
  })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  let log = ''
  await until('the line is there', async () => {
    log = await paas.ok('logs blog -p web --release v3')
    return log.includes('title')
  })
  expect(log).toMatch(/title {2}bell {2}back {2}cr {2}c1 {2}end/)
  expect(log).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})
