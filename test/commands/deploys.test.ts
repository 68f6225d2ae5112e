import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository(staticApp('x'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.ok('config:set blog A=1')
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Deploy = {
  number: number
  app: string
  kind: string
  who: string
  state: string
  release: string | null
}

test('deploys lists those of one app or of all that one sees, newest first', async () => {
  const all = JSON.parse(await paas.ok('deploys --json')) as Deploy[]
  expect(all).toMatchObject([
    { app: 'blog', kind: 'config', who: 'admin', state: 'succeeded', release: 'v2' },
    { app: 'blog', kind: 'push', who: 'admin', state: 'succeeded', release: 'v1' },
  ])
  expect(await paas.ok('deploys blog -n 1')).toMatch(/^\d+ +blog +config +succeeded +v2 +admin +\d{4}-\S+\n$/)
  expect(await paas.ok('deploys empty')).toBe('')
  const bob = await addPerson(paas, 'bob')
  expect((await bob.ssh('deploys')).stdout).toBe('')
  expect((await bob.ssh('deploys blog')).exitCode).toBe(20)
  await paas.ok('access:add bob -a blog -r viewer')
  expect((await bob.ssh('deploys -n 1')).stdout).toContain('config')
})

test('deploys:attach of one that has ended shows all of it and gives its exit code', async () => {
  const [, push] = JSON.parse(await paas.ok('deploys --json')) as Deploy[]
  const attached = await paas.ssh(`deploys:attach ${push?.number}`)
  expect(attached.exitCode).toBe(0)
  expect(attached.stdout).toContain('-----> Building blog')
  expect(attached.stdout.trimEnd().split('\n').at(-1)).toBe(`-----> Deploy ${push?.number} succeeded: v1`)
  const lines = (await paas.ok(`deploys:attach ${push?.number} --json`)).trim().split('\n')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ number: 1, text: expect.stringContaining('Building') })
  for (const [line, code] of [
    ['deploys:attach blog 4711', 1],
    ['deploys:attach blog x', 64],
    ['deploys:attach empty', 1],
  ] as const)
    expect((await paas.ssh(line)).exitCode, line).toBe(code)
})

test('deploys:cancel of one that has ended says so', async () => {
  const late = await paas.ssh('deploys:cancel blog')
  expect(late.stderr).toMatch(/Deploy \d+ has ended: it succeeded/)
  expect(late.stderr).toContain('rollback blog')
  expect(late.exitCode).toBe(1)
})

test('deploys:set and deploys:report speak of a lost connection', async () => {
  expect(await paas.ok('deploys:report blog')).toMatch(/^on-disconnect +cancel$/m)
  expect(await paas.ok('deploys:set blog on-disconnect detach')).toContain('goes on')
  expect(JSON.parse(await paas.ok('deploys:report blog --json'))).toEqual({
    app: 'blog',
    'on-disconnect': 'detach',
    underWay: [],
  })
  for (const words of ['on-disconnect maybe', 'on-connect detach', 'on-disconnect'])
    expect((await paas.ssh(`deploys:set blog ${words}`)).exitCode, words).toBe(64)
})
