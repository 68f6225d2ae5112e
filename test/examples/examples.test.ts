import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { exampleRepository } from './example.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('node-express: a page by Express, and an unchanged lockfile installs nothing', async () => {
  using repository = await exampleRepository('node-express')
  const first = await repository.push(paas, 'express')
  expect(first.stderr).toContain('with the Node.js buildpack')
  expect(first.exitCode).toBe(0)
  expect((await paas.get('express.localhost')).body).toMatch(/^Hello world, from Express on Node.js v24\./)

  await repository.commit({ 'more.js': 'export {}\n' })
  const second = await repository.push(paas, 'express')
  expect(second.exitCode).toBe(0)
  expect(second.stderr).toMatch(/CACHED .*npm ci/)
}, 120_000)

test('static: nginx serves the folder, and its own page for what is missing', async () => {
  using repository = await exampleRepository('static')
  const push = await repository.push(paas, 'site')
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('site.localhost')).body).toContain('Files, served as they are')
  expect(await paas.get('site.localhost', '/missing')).toMatchObject({
    status: 404,
    body: expect.stringContaining('Nothing is here'),
  })
}, 60_000)

test('worker: it has no page; scaled up, its lines are in the log', async () => {
  using repository = await exampleRepository('worker')
  const push = await repository.push(paas, 'jobs')
  expect(push.stderr).toContain('nothing runs: ps:scale jobs worker=1')
  expect(push.exitCode).toBe(0)
  await paas.ok('scale -a jobs worker=1')
  await until('the worker has logged', async () =>
    /app\[worker\.1\]: turn \d+ is done/.test(await paas.ok('logs -a jobs')),
  )
}, 60_000)

test('dockerfile-expose: requests go to the port that the image exposes', async () => {
  using repository = await exampleRepository('dockerfile-expose')
  expect((await repository.push(paas, 'exposed')).exitCode).toBe(0)
  expect((await paas.get('exposed.localhost')).body).toBe('Served from port 80 of the container\n')
}, 60_000)

test('monorepo: two apps of one repository, each from its own folder', async () => {
  using repository = await exampleRepository('monorepo')
  for (const app of ['web', 'api']) {
    await paas.ok(`apps:create ${app}`)
    await paas.ok(`builder:set ${app} build-dir apps/${app}`)
    const push = await repository.push(paas, app)
    expect(push.exitCode, push.stderr).toBe(0)
  }
  expect((await paas.get('web.localhost')).body).toContain('The web folder')
  expect((await paas.get('api.localhost')).body).toBe('{"folder":"api"}\n')
}, 60_000)
