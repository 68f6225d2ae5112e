import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository } from '../repository.ts'

// Each of these takes the whole minute after which a check gives up: so all at once.
const minute = 110_000

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

/** Pushes an app whose web process is `line` over one that serves; returns what git printed. */
async function refused(app: string, line: string): Promise<string> {
  using repository = await makeRepository(staticApp('good'))
  expect((await repository.push(paas, app)).exitCode).toBe(0)
  const before = await made(paas, app)
  await repository.commit({
    Dockerfile: `FROM paas/busybox\nCMD ["/bin/sh", "-c", ${JSON.stringify(line)}]\n`,
  })
  const push = repository.startPush(paas, app)
  await push.saw('web.1 does not answer yet')
  expect((await paas.get(`${app}.localhost`)).body).toBe('good\n')
  const ended = await push.ended
  expect(ended.exitCode).toBe(1)
  expect(ended.stderr).toContain('v1 keeps serving')
  expect(await made(paas, app)).toEqual(before)
  expect((await paas.get(`${app}.localhost`)).body).toBe('good\n')
  return ended.stderr
}

test.concurrent('an app that listens on loopback only is told where to listen', {
  timeout: minute,
}, async () => {
  const output = await refused('loopback', 'mkdir /www; exec busybox httpd -f -p 127.0.0.1:$PORT -h /www')
  expect(output).toContain('it listens on 127.0.0.1:5000; bind 0.0.0.0:5000')
  expect(output).toContain('Let the app listen on 0.0.0.0:$PORT')
  expect(output).toContain('(web.1 did not answer on port 5000 within 60 s)')
})

test.concurrent('an app that listens on another port is told which, and how to name it', {
  timeout: minute,
}, async () => {
  const output = await refused('elsewhere', 'mkdir /www; exec busybox httpd -f -p 0.0.0.0:8123 -h /www')
  expect(output).toContain('it listens on 0.0.0.0:8123, not on 5000')
  expect(output).toContain('ports:set elsewhere 8123')
})

test.concurrent('an app that never listens is told so, with its last lines', {
  timeout: minute,
}, async () => {
  const output = await refused('deaf', 'echo thinking; exec sleep 600')
  expect(output).toContain('it listens on no port')
  expect(output).toMatch(/^remote: {8}thinking *$/m)
})

test.concurrent('an app that accepts and never answers is told that its port is open', {
  timeout: minute,
}, async () => {
  const output = await refused('mute', 'exec busybox nc -ll -p $PORT -e sleep 600')
  expect(output).toContain('it accepts connections on port 5000 and does not answer GET /')
})
