import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('apps:create makes an app, and its aliases do too', async () => {
  expect(await paas.ok('apps:create blog')).toContain('Created blog')
  expect(await paas.ok('create shop')).toContain('git push paas:shop main')
  expect(JSON.parse(await paas.ok('addsite wiki --json'))).toMatchObject({
    name: 'wiki',
    urls: [`http://wiki.localhost:${paas.httpPort}`],
  })
  expect(await paas.ok('apps')).toBe('blog\nshop\nwiki\n')
  expect(await paas.ok('apps:list')).toBe('blog\nshop\nwiki\n')
  expect(await paas.ok('listsites')).toBe('blog\nshop\nwiki\n')
  expect(JSON.parse(await paas.ok('apps --json'))).toContainEqual({
    name: 'blog',
    release: null,
    status: 'not deployed',
  })
})

test('a name that cannot be an app is refused, and so is one that is taken', async () => {
  for (const name of ['Blog', '-blog', 'a_b', 'a.b', 'x'.repeat(32), '../etc', '"a b"', '""', 'é'])
    expect(await paas.ssh(`apps:create -- ${name}`), name).toMatchObject({ exitCode: 1, stdout: '' })
  const taken = await paas.ssh('apps:create blog')
  expect(taken.exitCode).toBe(1)
  expect(taken.stderr).toContain('"blog" is taken')
  const ann = await addPerson(paas, 'ann')
  expect((await ann.ssh('apps:create blog')).stderr).toContain('"blog" is taken')
  expect((await paas.ssh('apps:create')).exitCode).toBe(64)
  expect((await paas.ssh('apps:create a b')).exitCode).toBe(64)
  expect(await paas.ok('apps')).toBe('blog\nshop\nwiki\n')
})

test('apps:exists answers by its exit code', async () => {
  expect(await paas.ssh('apps:exists blog')).toMatchObject({ exitCode: 0 })
  expect(await paas.ssh('apps:exists nothing')).toMatchObject({ exitCode: 20, stdout: '' })
})

test('apps:report says the same facts as text and as JSON, of one app or of all', async () => {
  const facts = JSON.parse(await paas.ok('apps:info blog --json'))
  expect(facts).toMatchObject({ name: 'blog', release: null, status: 'not deployed', formation: {} })
  const text = await paas.ok('info blog')
  for (const fact of Object.keys(facts)) expect(text).toContain(fact)
  expect(await paas.ok('dumpsite blog')).toBe(text)
  const all = JSON.parse(await paas.ok('apps:report --all --json'))
  expect(all.map((each: { name: string }) => each.name)).toEqual(['blog', 'shop', 'wiki'])
})

test('url, urls and open print where the app answers', async () => {
  for (const command of ['url', 'urls', 'open'])
    expect(await paas.ok(`${command} blog`)).toBe(`http://blog.localhost:${paas.httpPort}\n`)
})

test('apps:rename keeps everything, and the domain follows', async () => {
  using repository = await makeRepository(staticApp('moved'))
  expect((await repository.push(paas, 'wiki')).exitCode).toBe(0)
  expect(await paas.ok('apps:rename wiki notes')).toContain('git remote set-url paas paas:notes')
  expect((await paas.get('notes.localhost')).body).toBe('moved\n')
  expect((await paas.get('wiki.localhost')).status).toBe(404)
  expect(await paas.ok('apps')).toBe('blog\nnotes\nshop\n')
  expect((await paas.ssh('apps:rename notes blog')).stderr).toContain('"blog" is taken')
  expect((await paas.ssh('rename notes No')).exitCode).toBe(1)
  await repository.commit(staticApp('pushed to its new name'))
  expect((await repository.push(paas, 'notes')).exitCode).toBe(0)
  expect((await paas.get('notes.localhost')).body).toBe('pushed to its new name\n')
})

test('a name whose domain another app has is taken', async () => {
  await paas.ok('domains:add blog news.localhost')
  expect((await paas.ssh('apps:create news')).stderr).toContain('"news" is taken')
  expect((await paas.ssh('apps:rename shop news')).stderr).toContain('"news" is taken')
  expect(await paas.ok('apps')).toBe('blog\nnotes\nshop\n')
})

test('apps:destroy asks, and takes no other answer than the name', async () => {
  const asked = await paas.ssh('apps:destroy notes')
  expect(asked.exitCode).toBe(1)
  expect(asked.stderr).toContain('--confirm notes')
  expect((await paas.ssh('apps:destroy notes --confirm blog')).exitCode).toBe(1)
  const typed = await paas.ssh('apps:destroy notes', { input: 'blog\r', arguments: ['-tt'] })
  expect(typed.stdout).toContain('Type notes to go on')
  expect(typed.exitCode).toBe(1)
  const interrupted = await paas.ssh('apps:destroy notes', { input: '\x03', arguments: ['-tt'] })
  expect(interrupted.exitCode).toBe(130)
  expect((await paas.get('notes.localhost')).status).toBe(200)
})

test('apps:destroy leaves nothing', async () => {
  const ran = await paas.ssh('apps:destroy notes', { input: 'notes\r', arguments: ['-tt'] })
  expect(ran.exitCode).toBe(0)
  expect(await paas.ok('apps')).toBe('blog\nshop\n')
  expect((await paas.get('notes.localhost')).status).toBe(404)
  expect(await paas.ok('destroy shop --force')).toContain('Destroyed shop')
  expect(JSON.parse(await paas.ok('apps:destroy blog --confirm blog --json'))).toEqual({
    destroyed: 'blog',
    stays: [],
  })
  expect(await paas.ok('apps')).toBe('')
  expect((await paas.ssh('apps:destroy blog --force')).exitCode).toBe(20)
})
