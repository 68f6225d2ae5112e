import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { logLengthNow } from '../../server/docker/log-file.ts'
import { AppLogs, type AppLogsParts } from '../../server/logs/app-logs.ts'
import { Store } from '../../server/state/store.ts'
import { until } from '../instance.ts'

const id = 'c0ffee'.padEnd(64, '0')
const container = { name: 'blog-web-1', version: 1, process: 'web', number: 1 }
let root: string
let folder: string
let store: Store
let closing: AbortController
let logs: AppLogs
// Docker's folder, as Docker fills it: what is looked at here is when, and that no test can choose for Docker.
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paas-app-logs-'))
  folder = join(root, 'containers', id)
  mkdirSync(folder, { recursive: true })
  store = new Store(root)
  closing = new AbortController()
  logs = new AppLogs({
    engine: { disk: { root: async () => root } },
    store,
    settings: { home: root, logBytes: 1024 ** 2, dockerHost: 'unix:///var/run/docker.sock' },
    secrets: { hide: (_: string, text: string) => text },
    log: () => {},
    closing: closing.signal,
  } as unknown as AppLogsParts)
})
afterEach(() => {
  closing.abort()
  store.close()
  rmSync(root, { recursive: true })
})

const path = (): string => join(folder, `${id}-json.log`)
const write = (text: string): void =>
  appendFileSync(
    path(),
    `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: new Date().toISOString() })}\n`,
  )
const isKnown = (): Promise<void> =>
  until('it is read', async () => {
    const known = logs.knownLength(container.name, id)
    return known !== undefined && known.bytes === logLengthNow(folder, id)?.bytes
  })

test('how long a log is, is known without a look at it as soon as it is read', async () => {
  const app = store.apps.create('blog')
  write('one')
  expect(logs.knownLength(container.name, id)).toBeUndefined()
  await logs.collect({ ...container, appId: app.id }, id)
  expect(logs.knownLength(container.name, id)).toBeUndefined()
  await isKnown()
  expect(logs.knownLength(container.name, id)).toEqual(logLengthNow(folder, id))
  expect(logs.knownLength(container.name, 'another'.padEnd(64, '0'))).toBeUndefined()
  expect(logs.knownLength('another', id)).toBeUndefined()

  for (let line = 0; line < 5_000; line++) write('x'.repeat(100))
  await isKnown()
  renameSync(path(), `${path()}.1`)
  writeFileSync(path(), '')
  write('after the rotation')
  await isKnown()
  expect(logs.knownLength(container.name, id)).toEqual(logLengthNow(folder, id))
})
