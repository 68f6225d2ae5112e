import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

let stack: AsyncDisposableStack
let router: Awaited<ReturnType<typeof startRouter>>

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  router = stack.use(await startRouter())
  const backend = stack.use(
    await startBackend('app', (incoming, response) => {
      if (incoming.url === '/hangup') incoming.socket.destroy()
      else response.end('Hello, world\n')
    }),
  )
  await router.publish({
    'app-1': route(['app.test'], [backend.address]),
    idle: route(['idle.test'], []),
    dead: route(['dead.test'], ['127.0.0.1:1']),
  })
  await router.redis.rpush('frontend:foreign.test', 'x', `http://${backend.address}`)
  await until('it is served', async () => (await router.get('foreign.test')).status === 200)
})
afterAll(() => stack.disposeAsync())

async function lineOf(file: string, mark: string): Promise<string> {
  let line: string | undefined
  await until(`${mark} is logged`, async () => {
    line = (await router.log(file)).split('\n').find((text) => text.includes(mark))
    return line !== undefined
  })
  return line ?? ''
}

const time = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z app\[router\]: `
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

test("A request is one line in its app's log", async () => {
  const before = Date.now()
  await router.get('App.test:80', '/first?q=1')
  const line = await lineOf('app-1', '/first')
  expect(line).toMatch(
    new RegExp(
      String.raw`${time}at=info method=GET path="/first\?q=1" host=app\.test request_id=${uuid} fwd="127\.0\.0\.1" ` +
        String.raw`dyno=web\.1 connect=\d+ms service=\d+ms status=200 bytes=\d+$`,
    ),
  )
  expect(Math.abs(Date.parse(line.slice(0, 30)) - before)).toBeLessThan(5_000)
  expect((await stat(join(router.directory, 'log', 'app-1.log'))).mode & 0o777).toBe(0o640)
})

test.each([
  ['idle', 'idle.test', '/', 'at=error code=H14 desc="No web processes running"', 'dyno= ', 'status=503'],
  ['dead', 'dead.test', '/', 'at=error code=H21 desc="', 'dyno=', 'status=502'],
  ['app-1', 'app.test', '/hangup', 'at=error code=H13 desc="Connection closed', 'dyno=web.1', 'status=502'],
])('In the log of %s a failed request says why', async (file, host, path, ...parts) => {
  await router.get(host, path)
  const line = await lineOf(file, `path="${path}"`)
  for (const part of parts) expect(line).toContain(part)
})

test('Foreign and unknown hosts have logs of their own', async () => {
  await router.get('foreign.test', '/foreign')
  await router.get('nobody.test', '/nobody')
  expect(await lineOf('foreign', '/foreign')).toContain('status=200')
  expect(await lineOf('unknown', '/nobody')).toContain('at=info method=GET path="/nobody" host=nobody.test')
})

test('What a client chooses cannot forge a line or break out of its quotes', async () => {
  await router.raw('GET /mark1"x\\y HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n')
  await router.raw('GET /mark2 HTTP/1.1\r\nHost: a" dyno=web.9\r\nConnection: close\r\n\r\n')
  await router.raw('GET /mark3 at=info\nx HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n')
  await router.raw('FOO"BAR /mark4\x1b[31m HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n')
  await router.raw('FOO /mark5%0a%1b HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n')
  await lineOf('app-1', '/mark5')
  const text = (await router.log('app-1')) + (await router.log('unknown'))
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(
      new RegExp(
        String.raw`${time}at=(info|error code=H\d\d desc="[^"]*") method=\S* path="([^"\\]|\\.)*" host=\S* ` +
          String.raw`request_id=\S* fwd="[^"]*" dyno=\S* connect=\d+ms service=\d+ms status=-?\d+ bytes=\d+$`,
      ),
    )
    expect(line).toMatch(/^[\x20-\x7e]*$/)
  }
})

test('A long path is one line', async () => {
  await router.get('app.test', `/long/${'x'.repeat(12_000)}`)
  expect(await lineOf('app-1', '/long/')).toMatch(/status=200/)
})

test('Requests that arrive while the router is away are logged when it is back', async () => {
  await router.stop('router')
  await router.get('app.test', '/meanwhile')
  router.startFollower()
  expect(await lineOf('app-1', '/meanwhile')).toContain('dyno=web.1')
})
