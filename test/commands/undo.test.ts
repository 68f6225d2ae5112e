import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
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

const release = async (): Promise<string> => (await paas.ok('releases blog -n 1')).split(' ')[0] ?? ''
const page = async (): Promise<string> => (await paas.get('blog.localhost')).body

test('where there is nothing to take back, that is said', async () => {
  await paas.ok('apps:create empty')
  expect((await paas.ssh('undo empty')).stderr).toContain('no change of empty to take back')
  const first = await paas.ssh('undo blog')
  expect(first.stderr).toContain('v1 is the first release of blog')
  expect(first.exitCode).toBe(1)
})

test('config is taken back as a new release, and made again by a second undo', async () => {
  await paas.ok('config:set blog A=secret-1')
  const plan = await paas.ok('undo blog --plan')
  expect(plan).toMatch(/Would take back v2 \(Set A\) by admin, \d{4}-/)
  expect(plan).toMatch(/^ +config: - A$/m)
  expect(plan).not.toContain('secret-1')
  expect(await release()).toBe('v2')
  const undone = await paas.ok('undo blog')
  expect(undone).toContain('Took back v2 (Set A)')
  expect(undone).toContain('v3 serves')
  expect(await paas.ok('config:keys blog')).toBe('')
  expect((await paas.get('blog.localhost', '/cgi-bin/environment')).body).not.toContain('secret-1')
  await paas.ok('undo blog')
  expect(await paas.ok('config:get blog A')).toBe('secret-1\n')
  expect((await paas.get('blog.localhost', '/cgi-bin/environment')).body).toContain('A=secret-1')
  expect(await release()).toBe('v4')
})

test('config that is pending is taken back without a release', async () => {
  const before = await release()
  await paas.ok('config:set blog --no-restart B=2')
  expect(await paas.ok('undo blog --plan')).toContain('Would take back the pending change of config')
  await paas.ok('undo blog')
  expect(await paas.ok('config:keys blog')).toBe('A\n')
  await paas.ok('undo blog')
  expect(await paas.ok('config:keys blog')).toBe('A\nB\n')
  expect(await release()).toBe(before)
  await paas.ok('config:unset blog B --no-restart')
})

test('quantities are taken back, and nothing else', async () => {
  await paas.ok('scale blog web=2')
  expect(await paas.ok('undo blog')).toContain('quantities: web=2 -> web=1')
  expect(await paas.ok('scale blog')).toBe('web=1\n')
  await paas.ok('undo blog')
  expect(await paas.ok('scale blog')).toBe('web=2\n')
  await paas.ok('undo blog')
  expect(await paas.ok('config:keys blog')).toBe('A\n')
})

test('domains are taken back, unless another app has one of them meanwhile', async () => {
  await paas.ok('domains:set blog www.example.com example.com')
  expect(await paas.ok('undo blog')).toContain('domains: - example.com, - www.example.com')
  expect(await paas.ok('domains blog')).toBe('blog.localhost\n')
  await paas.ok('undo blog')
  expect(await paas.ok('domains blog')).toBe('www.example.com\nexample.com\n')
  expect((await paas.get('www.example.com')).body).toBe('first\n')
  await paas.ok('domains:clear blog')
  await paas.ok('domains:add empty example.com')
  const refused = await paas.ssh('undo blog')
  expect(refused.stderr).toContain('The domain example.com is taken meanwhile')
  expect((await paas.ssh('undo blog --plan')).stderr).toBe(refused.stderr)
  expect(await paas.ok('domains blog')).toBe('blog.localhost\n')
})

test('a push is taken back, also after the server was killed', async () => {
  await repository.commit(staticApp('second'))
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  await paas.kill('server')
  await paas.up()
  await until('it answers', async () => (await paas.ssh('version')).exitCode === 0)
  const plan = JSON.parse(await paas.ok('undo blog --plan --json')) as {
    takesBack: string
    changes: string[]
  }
  expect(plan.takesBack).toMatch(/^v5 \(Deploy [0-9a-f]{8}\) by admin/)
  expect(plan.changes.join('\n')).toMatch(/^release: v5 -> v4 \(Undo v3: as v2\)\ncommit: .*1 commit fewer/)
  await paas.ok('undo blog')
  expect(await page()).toBe('first\n')
  expect(await paas.ok('config:keys blog')).toBe('A\n')
  await paas.ok('undo blog')
  expect(await page()).toBe('second\n')
})

test('a release whose image somebody removed is not brought back, and what serves stays', async () => {
  const image = (JSON.parse(await paas.ok('releases:info blog v1 --json')) as { image: string }).image
  await until('nothing of it runs', async () => {
    const { stdout } = await execa('docker', ['ps', '--all', '--quiet', '--filter', `ancestor=${image}`])
    return stdout === ''
  })
  await execa('docker', ['rmi', '--force', image])
  const refused = await paas.ssh('rollback blog v1')
  expect(refused.stderr).toContain('Docker no longer has the image of that release')
  expect(refused.stderr).toContain('git push paas:blog main')
  expect((await paas.ssh('undo blog')).exitCode).toBe(1)
  expect(await page()).toBe('second\n')
})
