import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('a Dockerfile of another name is built, by Dokku’s command, and printed by git:report', async () => {
  const { Dockerfile: dockerfile = '', ...files } = staticApp('elsewhere')
  using repository = await makeRepository({
    ...files,
    Dockerfile: 'FROM paas/nothing:1\n',
    'docker/web.Dockerfile': dockerfile,
    // Leaves out the Dockerfile itself, which the build needs all the same.
    '.dockerignore': 'docker\n',
  })
  await paas.ok('apps:create elsewhere')
  await paas.ok('builder-dockerfile:set elsewhere dockerfile-path docker/web.Dockerfile')
  const push = await repository.push(paas, 'elsewhere')
  expect(push.exitCode, push.stderr).toBe(0)
  expect(push.stderr).toContain('with docker/web.Dockerfile')
  expect((await paas.get('elsewhere.localhost')).body).toBe('elsewhere\n')
  expect(await paas.ok('git:report elsewhere --dockerfile')).toBe(String(dockerfile))
  expect(JSON.parse(await paas.ok('builder elsewhere --json'))).toMatchObject({
    'dockerfile-path': 'docker/web.Dockerfile',
    'build-dir': null,
  })
})

test('without a value the rule is back; a Dockerfile that is asked for and missing is said', async () => {
  using repository = await makeRepository(staticApp('rule'))
  await paas.ok('apps:create rule')
  await paas.ok('builder:set rule dockerfile-path other.Dockerfile')
  expect((await repository.push(paas, 'rule')).stderr).toContain('The pushed tree has no other.Dockerfile')
  await paas.ok('builder:set rule dockerfile-path')
  expect((await repository.push(paas, 'rule')).exitCode).toBe(0)
  expect((await paas.get('rule.localhost')).body).toBe('rule\n')
})

test('an app without a release has no Dockerfile to print', async () => {
  await paas.ok('apps:create empty')
  const report = await paas.ssh('git:report empty --dockerfile')
  expect(report.exitCode).toBe(1)
  expect(report.stderr).toContain('empty has no release that was built from a commit')
})
