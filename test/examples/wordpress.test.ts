import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { BlogVisitor } from '../../scripts/blog-visitor.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import type { Repository } from '../repository.ts'
import { exampleRepository } from './example.ts'

// WordPress's own pages take seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

const account = { user: 'ann', password: 'a long one of her own' }
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create probe')).exitCode === 0)
  repository = await exampleRepository('wordpress')
  const push = await repository.push(paas, 'blog')
  if (push.exitCode !== 0) throw new Error(push.stderr)
}, 240_000)
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const visitor = (name: string): BlogVisitor =>
  new BlogVisitor({ host: '127.0.0.1', port: paas.httpPort, name: `${name}:${paas.httpPort}` })

test('a push makes a blog that is installed by its form, and all its containers serve it with one login', async () => {
  const page = await visitor('blog.localhost').get('/')
  expect(page.location).toBe(`http://blog.localhost:${paas.httpPort}/wp-admin/install.php`)

  const ann = visitor('blog.localhost')
  await ann.install('Her blog', account)
  await ann.logIn(account)
  const path = await ann.publish('Good day', '<p>from the first container</p>')
  expect((await visitor('blog.localhost').get(path)).body).toContain('from the first container')

  await paas.ok('scale --app blog web=3')
  const seenBy = new Set<string>()
  await until(
    'three containers have answered',
    async () => {
      const dashboard = await ann.get('/wp-admin/edit.php')
      expect(dashboard.status).toBe(200)
      expect(dashboard.body).toContain('Good day')
      seenBy.add(dashboard.servedBy)
      return seenBy.size === 3
    },
    60_000,
  )

  // Each release has the same salts, so the login outlives it.
  await paas.ok('config:set --app blog WP_DEBUG=false')
  expect((await ann.get('/wp-admin/edit.php')).body).toContain('Good day')
  expect((await visitor('blog.localhost').get('/wp-admin/edit.php')).status).toBe(302)
})

test('another domain of the app shows the same blog under its own address', async () => {
  await paas.ok('domains:add --app blog posts.example.com')
  const page = await visitor('posts.example.com').get('/')
  expect(page.body).toContain(`http://posts.example.com:${paas.httpPort}/`)
  expect(page.body).not.toContain('blog.localhost')
})

test('what is not for visitors is not shown to them', async () => {
  for (const path of ['/.htaccess', '/wp-content/uploads/evil.php', '/Procfile', '/app.json']) {
    expect((await visitor('blog.localhost').get(path)).status, path).toBeGreaterThanOrEqual(403)
  }
})

test('a second push of the same source is a blog of its own, with its own database', async () => {
  const push = await repository.push(paas, 'other')
  expect(push.stderr).toContain('http://other.localhost')
  expect(push.exitCode).toBe(0)
  const bob = visitor('other.localhost')
  await bob.install('His blog', { user: 'bob', password: account.password })
  await bob.logIn({ user: 'bob', password: account.password })
  expect((await bob.get('/')).body).toContain('His blog')
  expect((await visitor('blog.localhost').get('/')).body).toContain('Her blog')
  await expect(visitor('other.localhost').logIn(account)).rejects.toThrow('expected the login')
})

test('a source that is not there refuses the push and says which address', async () => {
  await paas.ok('apps:create nowhere')
  await paas.ok('config:set --app nowhere --no-restart WORDPRESS_URL=http://127.0.0.1:9/wordpress.tar.gz')
  const push = await repository.push(paas, 'nowhere')
  expect(push.stderr).toContain('WordPress cannot be fetched: http://127.0.0.1:9/wordpress.tar.gz')
  expect(push.exitCode).toBe(1)
})
