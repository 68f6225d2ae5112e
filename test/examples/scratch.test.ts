import { test } from 'vitest'
import { BlogVisitor } from '../../scripts/blog-visitor.ts'
import { startInstance, until } from '../instance.ts'
import { exampleRepository } from './example.ts'
import { appendFileSync } from 'node:fs'
const account = { user: 'ann', password: 'a long one of her own' }
test('times', async () => {
  await using paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create probe')).exitCode === 0)
  using repository = await exampleRepository('wordpress')
  const say = (x: unknown) => appendFileSync('/tmp/php-scratch.log', `${x}\n`)
  const timed = async (name: string, f: () => Promise<unknown>) => { const t = Date.now(); const r = await f(); say(`${name}: ${Date.now() - t} ms`); return r }
  await timed('push', async () => say((await repository.push(paas, 'blog')).stderr))
  const ann = new BlogVisitor({ host: '127.0.0.1', port: paas.httpPort, name: `blog.localhost:${paas.httpPort}` })
  await timed('get', () => ann.get('/'))
  await timed('install', () => ann.install('Her', account))
  await timed('login', () => ann.logIn(account))
  await timed('new', () => ann.get('/wp-admin/post-new.php'))
  await timed('publish', () => ann.publish('a', 'b'))
  await timed('home', () => ann.get('/'))
  await timed('scale', () => paas.ok('scale --app blog web=3'))
  for (let i = 0; i < 6; i++) await timed('edit', () => ann.get('/wp-admin/edit.php'))
  await timed('config', () => paas.ok('config:set --app blog WP_DEBUG=false'))
  say((await paas.ssh('logs --app blog -n 200')).stdout)
  say((await paas.ssh('ps --app blog')).stdout)
}, 200_000)
