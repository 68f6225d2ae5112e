import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startInstance } from '../instance.ts'

test('an instance behind a proxy of its own machine starts, and hears who is asking', async () => {
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
})
