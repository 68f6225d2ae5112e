import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { made } from '../made.ts'
import { addPerson } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(staticApp('first'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Build = { number: number; state: string; commit: string; release: string | null; message: string | null }
const builds = async (): Promise<Build[]> => JSON.parse(await paas.ok('builds blog --json')) as Build[]
/** A page and a build step, which no build cache knows. */
const commit = async (text: string, step: string): Promise<string> =>
  repository.commit({
    ...staticApp(text),
    Dockerfile: `${staticApp(text).Dockerfile}`.replace('COPY', `RUN : ${randomUUID()}; ${step}\nCOPY`),
  })

/** What git shows of the server's output, without its own mark. */
const remote = (stderr: string): string[] =>
  stderr.split('\n').flatMap((line) => (line.startsWith('remote: ') ? line.slice(8).trimEnd() : []))

test('what a push printed is kept with its release and its build', async () => {
  await commit('second', 'echo building-second')
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode).toBe(0)
  const kept = await paas.ok('releases:output blog')
  const said = remote(push.stderr)
  expect(kept.split('\n').filter(Boolean)).toEqual(said)
  expect(kept).toContain('building-second')
  expect(kept).toContain('-----> v2 serves')
  expect(await paas.ok('builds:output blog')).toBe(kept)
  expect(await paas.ok('releases:output blog v1')).not.toContain('building-second')
  const { lines } = JSON.parse(await paas.ok('releases:output blog --json')) as { lines: { text: string }[] }
  expect(lines.map(({ text }) => text)).toEqual(said)
  for (const [line, code] of [
    ['releases:output blog v99', 1],
    ['releases:output blog latest', 64],
    ['builds:output blog 99', 1],
    ['builds:output blog x', 64],
  ] as const)
    expect((await paas.ssh(line)).exitCode, line).toBe(code)
})

test('a release that config:set made has an output too', async () => {
  await paas.ok('config:set blog A=hidden-value')
  const output = await paas.ok('releases:output blog')
  expect(output).toContain('-----> Starting web')
  expect(output).not.toContain('hidden-value')
})

test('a build that failed keeps its output and why it failed', async () => {
  await commit('bad', 'echo almost there; exit 3')
  expect((await repository.push(paas, 'blog')).exitCode).not.toBe(0)
  const [last] = await builds()
  expect(last).toMatchObject({ state: 'failed', release: null })
  const output = await paas.ok(`builds:output ${last?.number}`)
  expect(output).toContain('almost there')
  expect(output).toMatch(/^ ! {5}Build failed .*exit code 3$/m)
  expect(await paas.ok(`builds:info ${last?.number}`)).toMatch(/^state +failed$/m)
  expect(await paas.ok('builds blog')).toMatch(
    new RegExp(`^${last?.number} +failed +${last?.commit.slice(0, 8)}`, 'm'),
  )
})

test('control characters in an output do no harm later', async () => {
  await commit('bell', `printf 'title \\033]0;owned\\007 bell \\007 back \\b c1 \\302\\2332J end\\n'`)
  await repository.push(paas, 'blog')
  const output = await paas.ok('builds:output blog')
  expect(output).toMatch(/^ {7}title {2}bell {2}back {2}c1 {2}end$/m)
  expect(output).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})

test('a running build is shown as it goes, and builds:cancel ends it and leaves nothing', async () => {
  await commit('slow', 'echo begun; sleep 600')
  await until('the old container has gone', async () => (await made(paas, 'blog')).containers.length === 1)
  const before = await made(paas, 'blog')
  const push = repository.startPush(paas, 'blog')
  await push.saw('begun')
  const [running] = await builds()
  expect(running).toMatchObject({ state: 'running', release: null })
  expect(await paas.ok(`builds:output ${running?.number}`)).toContain('begun')
  expect(await paas.ok('builds:cancel blog')).toContain(`Build ${running?.number} is cancelled`)
  const ended = await push.ended
  expect(ended.stderr).toContain('Cancelled by admin')
  expect(ended.exitCode).not.toBe(0)
  expect((await builds())[0]).toMatchObject({ state: 'cancelled', message: 'Cancelled by admin' })
  expect(await made(paas, 'blog')).toEqual(before)
  const again = await paas.ssh(`builds:cancel ${running?.number}`)
  expect(again.stderr).toContain('has ended')
  expect(again.exitCode).toBe(1)
})

test('logs -s build shows what builds printed, and follows the next', async () => {
  const log = await paas.ok('logs blog -s build -n 1000')
  expect(log).toMatch(/^\d{4}-\d\d-\d\dT\S+Z app\[build\]: -----> Building blog from/m)
  expect((await paas.ok('logs blog -s build -n 2')).trim().split('\n')).toHaveLength(2)
  expect(await paas.ok('logs blog -s build --release v2 -n 1000')).toContain('building-second')
  expect(await paas.ok('logs blog -s app -n 1000')).not.toContain('app[build]')
  const following = execa(
    'ssh',
    ['-F', paas.sshConfig, 'paas', 'logs', 'blog', '-t', '-n', '1', '-s', 'build'],
    {
      reject: false,
      buffer: false,
    },
  )
  let text = ''
  following.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await until('it follows', async () => text.includes('\n'))
  await commit('third', 'echo building-third')
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await until('the new build is followed', async () => text.includes('=====> Application deployed:'))
  following.kill('SIGTERM')
  await following
  expect(text.match(/app\[build\]: {8}building-third$/gm)).toHaveLength(1)
})

test('a server killed in the middle keeps what was printed, and says how it ended', async () => {
  const folder = join(paas.home, 'hooks', 'built')
  mkdirSync(folder, { recursive: true })
  const hook = join(folder, 'kill')
  writeFileSync(hook, `#!/bin/sh\nrm "$0"\nkill -9 "$PPID"\n`)
  chmodSync(hook, 0o755)
  await commit('lost', 'echo building-lost')
  expect((await repository.push(paas, 'blog')).exitCode).not.toBe(0)
  await paas.up()
  rmSync(folder, { recursive: true })
  const [last] = await builds()
  expect(last).toMatchObject({ state: 'failed', message: 'the server ended in the middle' })
  const output = await paas.ok(`builds:output ${last?.number}`)
  expect(output).toContain('building-lost')
  expect(output.trimEnd().split('\n').at(-1)).toBe(
    ' !     The server ended in the middle; all of it was undone',
  )
})

test('a number names its app, for those alone who see that', async () => {
  await paas.ok('apps:create other')
  const [last] = await builds()
  expect(await paas.ok(`builds:info ${last?.number}`)).toContain('blog')
  expect((await paas.ssh(`builds:info -a other ${last?.number}`)).stderr).toContain('other has no build')
  const bob = await addPerson(paas, 'bob')
  const stranger = await bob.ssh(`builds:output ${last?.number}`)
  const nothing = await bob.ssh('builds:output 4711')
  expect(stranger).toEqual(nothing)
  await paas.ok('access:add bob -a other -r viewer')
  expect((await bob.ssh(`builds:output ${last?.number}`)).stderr).toContain('other has no build')
  expect((await bob.ssh('builds:cancel other')).exitCode).toBe(77)
})

test('deploys lists jobs of all kinds, and outputs go with their app', async () => {
  const all = JSON.parse(await paas.ok('deploys --json')) as { app: string; kind: string; state: string }[]
  expect(all.some(({ kind }) => kind === 'config')).toBe(true)
  expect(await paas.ok('deploys blog -n 3')).toMatch(/^\d+ +blog +push +failed +the server ended/m)
  expect((await paas.ssh('deploys blog -n 0')).exitCode).toBe(64)
  const late = await paas.ssh('deploys:cancel blog')
  expect(late.stderr).toContain('has ended')
  const { stdout } = await execa('ls', [join(paas.home, 'outputs')])
  expect(stdout.split('\n')).toHaveLength(1)
  await paas.ok('destroy blog --force')
  expect((await execa('ls', [join(paas.home, 'outputs')])).stdout).toBe('')
})
