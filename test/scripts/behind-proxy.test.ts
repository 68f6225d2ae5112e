import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { startInstance } from '../instance.ts'

const checkout = join(import.meta.dirname, '..', '..')

test('an instance behind a proxy of its own machine starts, hears who is asking, and shows itself to its own machine', async () => {
  await using paas = await startInstance({
    PAAS_TRUSTED_PROXIES: '127.0.0.1,10.0.1.0/24',
    PAAS_PROXY_PROTOCOL: 'on',
  })
  await paas.ok('apps:create blog')
  expect(await paas.ok('router blog')).toMatch(
    /^trusted proxies +127\.0\.0\.1 10\.0\.1\.0\/24 .*\nproxy protocol +on /m,
  )
  const socket = connect(paas.httpPort, '127.0.0.1')
  socket.write('PROXY TCP4 1.2.3.4 127.0.0.1 1000 80\r\nGET / HTTP/1.1\r\nHost: blog.localhost\r\n')
  socket.write('Connection: close\r\n\r\n')
  expect(await text(socket)).toContain('HTTP/1.1 503')
  await expect.poll(() => paas.ok('logs blog -s router')).toContain('fwd="1.2.3.4"')
  const demo = await execa(join(checkout, 'scripts', 'run'), ['node', 'scripts/demo.ts'], {
    env: paas.environment,
    extendEnv: false,
    reject: false,
    all: true,
  })
  expect(demo.all).toContain('All of it worked')
}, 90_000)
