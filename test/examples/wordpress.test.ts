import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { BlogVisitor } from '../../scripts/blog-visitor.ts'
import { dotPicture } from '../../scripts/dot-picture.ts'
import { buildGateway } from '../buildpacks/build-gateway.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import type { Repository } from '../repository.ts'
import { exampleRepository } from './example.ts'

// WordPress's own pages take seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

const account = { user: 'ann', password: 'a long one of her own' }
let paas: TestInstance
let repository: Repository
let release: Release
beforeAll(async () => {
  release = await serveRelease()
  paas = await startInstance({ MYSQL_URL: '', PAAS_REACHABLE: new URL(release.url).host })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create probe')).exitCode === 0)
  repository = await exampleRepository('wordpress')
  const push = await repository.push(paas, 'blog')
  if (push.exitCode !== 0) throw new Error(push.stderr)
}, 240_000)
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
  await release?.[Symbol.asyncDispose]()
})

const visitor = (name: string): BlogVisitor =>
  new BlogVisitor({ connect: () => connect(paas.httpPort, '127.0.0.1'), name: `${name}:${paas.httpPort}` })

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

test('what is uploaded is on a volume that all containers share, and outlives a redeploy and a rollback', async () => {
  await paas.ok('storage:create blog uploads')
  await paas.ok('storage:mount blog uploads --container-dir /app/wp-content/uploads')
  await paas.ok('scale --app blog web=3')
  const ann = visitor('blog.localhost')
  await ann.logIn(account)
  const path = await ann.upload('dot.png', dotPicture)
  await expectPictureFrom(3, path)

  await repository.commit({ 'note.txt': 'another release' })
  const push = await repository.push(paas, 'blog')
  expect(push.stderr).toContain('uploads')
  expect(push.exitCode).toBe(0)
  await expectPictureFrom(3, path)
  await paas.ok('rollback blog')
  await expectPictureFrom(3, path)
})

/** That many containers of the blog serve the picture, and none anything else. */
async function expectPictureFrom(count: number, path: string): Promise<void> {
  const seenBy = new Set<string>()
  await until(
    `${count} containers have answered`,
    async () => {
      const page = await visitor('blog.localhost').get(path)
      expect(page.status, page.servedBy).toBe(200)
      expect(page.bytes.equals(dotPicture)).toBe(true)
      seenBy.add(page.servedBy)
      return seenBy.size === count
    },
    60_000,
  )
}

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

  await paas.ok('storage:create other uploads')
  await paas.ok('storage:mount other uploads --container-dir /app/wp-content/uploads')
  const path = await bob.upload('his.png', dotPicture)
  expect((await bob.get(path)).bytes.equals(dotPicture)).toBe(true)
  expect((await visitor('blog.localhost').get(path)).bytes.equals(dotPicture)).toBe(false)
})

test('a clone is a blog from the same image, with a database and secrets of its own', async () => {
  expect(await paas.ok('apps:clone blog cloned')).toContain(
    'The volumes of blog are not shared with it: uploads',
  )
  const eve = visitor('cloned.localhost')
  await eve.install('A third blog', { user: 'eve', password: account.password })
  expect((await eve.get('/')).body).toContain('A third blog')
  expect((await visitor('blog.localhost').get('/')).body).toContain('Her blog')
  const keys = ['blog', 'cloned'].map((app) => paas.ok(`config:get -a ${app} AUTH_KEY`))
  expect(new Set(await Promise.all(keys)).size).toBe(2)
})

test('WORDPRESS_URL names another release; WORDPRESS_SHA256 refuses any other file', async () => {
  await paas.ok('apps:create chosen')
  await paas.ok(
    `config:set -a chosen --no-restart WORDPRESS_URL=${release.url} WORDPRESS_SHA256=${'0'.repeat(64)}`,
  )
  const refused = await repository.push(paas, 'chosen')
  expect(refused.stderr).toContain('has another SHA-256')
  expect(refused.exitCode).toBe(1)
  await paas.ok(`config:set -a chosen --no-restart WORDPRESS_SHA256=${release.sha256}`)
  const push = await repository.push(paas, 'chosen')
  expect(push.stderr).toContain('WordPress 99.9')
  expect(push.exitCode).toBe(0)
  expect((await visitor('chosen.localhost').get('/')).body).toContain('a release of its own')
})

test('a source that is not there refuses the push and says which address', async () => {
  await paas.ok('apps:create nowhere')
  await paas.ok('config:set --app nowhere --no-restart WORDPRESS_URL=http://127.0.0.1:9/wordpress.tar.gz')
  const push = await repository.push(paas, 'nowhere')
  expect(push.stderr).toContain('WordPress cannot be fetched: http://127.0.0.1:9/wordpress.tar.gz')
  expect(push.exitCode).toBe(1)
})

type Release = AsyncDisposable & { readonly url: string; readonly sha256: string }

/** Serves an archive as wordpress.org has them, to builds. */
async function serveRelease(): Promise<Release> {
  const folder = mkdtempSync(join(tmpdir(), 'paas-wordpress-'))
  const files = {
    'wp-settings.php': '<?php',
    'wp-includes/version.php': "<?php $wp_version = '99.9';",
    'index.php': '<?php echo "a release of its own";',
  }
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, 'wordpress', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  await execa('tar', ['-czf', 'release.tar.gz', 'wordpress'], { cwd: folder })
  const archive = readFileSync(join(folder, 'release.tar.gz'))
  rmSync(folder, { recursive: true })
  const server = createServer((_, response) => response.end(archive))
  const { host, port } = await buildGateway(server)
  return {
    url: `http://${host}:${port}/release.tar.gz`,
    sha256: createHash('sha256').update(archive).digest('hex'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
