import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../../apps/static.ts'
import { startInstance, type TestInstance } from '../../instance.ts'
import { makeRepository, type Repository } from '../../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(staticApp('first'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

test('a locked app takes no other code, and says by whom and why; what else changes it goes on', async () => {
  expect(await paas.ssh('apps:locked blog')).toMatchObject({ exitCode: 1, stdout: 'blog is not locked\n' })
  await paas.ok('apps:lock blog the database moves')
  expect(await paas.ok('apps:locked blog')).toMatch(
    /^blog is locked by admin since \d{4}-.*Z: the database moves$/m,
  )
  await repository.commit(staticApp('second'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode).toBe(1)
  expect(push.stderr).toContain('blog is locked by admin since')
  expect(push.stderr).toContain('apps:unlock blog')
  expect((await paas.get('blog.localhost')).body).toBe('first\n')
  await paas.ok('config:set blog A=1')
  expect((await paas.ssh('rollback blog v1')).stderr).toContain('the database moves')
  expect((await paas.ssh('ps:rebuild blog')).exitCode).toBe(1)
  expect(JSON.parse(await paas.ok('apps:report blog --json'))).toMatchObject({ locked: 'admin' })
})

test('unlocked, the same push is taken', async () => {
  expect(await paas.ok('apps:unlock blog')).toContain('may be deployed again')
  expect(await paas.ok('apps:unlock blog')).toContain('was not locked')
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  expect((await paas.get('blog.localhost')).body).toBe('second\n')
  expect(JSON.parse((await paas.ssh('apps:locked blog --json')).stdout)).toEqual({
    app: 'blog',
    locked: false,
  })
})
