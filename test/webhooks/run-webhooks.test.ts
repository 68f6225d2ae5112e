import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Events } from '../../server/events/events.ts'
import type { App } from '../../server/state/apps.ts'
import { Store } from '../../server/state/store.ts'
import type { Webhook } from '../../server/state/webhooks.ts'
import { runWebhooks } from '../../server/webhooks/run-webhooks.ts'
import { until } from '../instance.ts'
import { isSigned, type Receiver, startReceiver } from './receiver.ts'

let folder: string
let store: Store
let events: Events
let receiver: Receiver
let blog: App
let closing: AbortController
let ended: Promise<void>
const said: string[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paas-webhooks-'))
  store = new Store(folder)
  events = new Events(folder, (line) => void said.push(line))
  receiver = await startReceiver()
  blog = store.apps.create('blog')
  said.length = 0
})
afterEach(async () => {
  closing.abort()
  await ended
  await receiver[Symbol.asyncDispose]()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As a server that starts; the pauses between tries are a test's. */
function start(pausesMs: readonly number[] = [10, 10, 10]): void {
  closing = new AbortController()
  const log = (line: string): void => void said.push(line)
  ended = runWebhooks({ store, events, log, closing: closing.signal }, { pausesMs })
}
async function stop(): Promise<void> {
  closing.abort()
  await ended
}

const add = (given: Partial<Webhook> = {}): Webhook =>
  store.webhooks.add(
    {
      appId: blog.id,
      url: receiver.url,
      secret: 'a secret',
      events: ['deploy-failed'],
      allowPrivate: true,
      createdBy: 'ann',
      ...given,
    },
    events.lastSequence,
  )
const happen = (type: string, app: App | undefined = blog): void =>
  events.record({ type, app, who: 'ann', message: `"${type}"`, facts: { kind: 'push', deploy: 3 } })
const told = (count: number): Promise<void> =>
  until(`${count} are told`, async () => receiver.received.length >= count)
const isEnded = (webhook: Webhook): Promise<void> =>
  until('it has ended', async () => {
    const [newest] = store.webhooks.deliveries(webhook.id, 1)
    return newest !== undefined && newest.nextAt === null
  })

test('what is told is signed, and says what happened when to which app', async () => {
  const webhook = add()
  start()
  happen('deploy-failed')
  await told(1)
  const [first] = receiver.received
  if (!first) throw new Error('nothing was told')
  expect(first.path).toBe('/hook?token=canary-7731')
  expect(isSigned(first, 'a secret')).toBe(true)
  expect(isSigned(first, 'another secret')).toBe(false)
  expect(first.headers).toMatchObject({
    'content-type': 'application/json',
    'x-paas-event': 'deploy.failed',
    'x-paas-delivery': first.body.id,
  })
  expect(first.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    event: 'deploy.failed',
    number: 1,
    app: { id: blog.id, name: 'blog' },
    who: 'ann',
    message: '"deploy-failed"',
    facts: { kind: 'push', deploy: 3 },
  })
  await isEnded(webhook)
  expect(store.webhooks.deliveries(webhook.id, 9)).toMatchObject([{ tries: 1, status: 200, error: null }])
})

test('a webhook is told of what it wants, of its app alone; one of the server of all apps', async () => {
  const shop = store.apps.create('shop')
  add({ secret: 'of blog' })
  add({ secret: 'of all', appId: null, events: ['deploy-failed', 'process-crashed'] })
  start()
  happen('deploy-started')
  happen('command-started')
  happen('deploy-failed', shop)
  happen('process-crashed')
  happen('deploy-failed')
  await told(4)
  const of = (secret: string): readonly string[] =>
    receiver.received
      .filter((each) => isSigned(each, secret))
      .map(({ body }) => `${body.event} ${body.app?.name}`)
  expect(of('of blog')).toEqual(['deploy.failed blog'])
  expect(of('of all')).toEqual(['deploy.failed shop', 'process.crashed blog', 'deploy.failed blog'])
})

test('a receiver that fails twice and then takes it gets the same message three times', async () => {
  const webhook = add()
  start()
  receiver.answer((response) => response.writeHead(receiver.received.length < 3 ? 503 : 204).end())
  happen('deploy-failed')
  await told(3)
  await isEnded(webhook)
  expect(new Set(receiver.received.map(({ text }) => text)).size).toBe(1)
  expect(store.webhooks.deliveries(webhook.id, 9)).toMatchObject([{ tries: 3, status: 204, error: null }])
  expect(said).toEqual([])
})

test('one that never takes it is given up, which is an event, and holds up no other', async () => {
  const webhook = add({ url: 'http://127.0.0.1:9/' })
  const other = add()
  start()
  happen('deploy-failed')
  await isEnded(webhook)
  await isEnded(other)
  expect(store.webhooks.deliveries(webhook.id, 9)).toMatchObject([
    { tries: 4, status: null, error: 'ECONNREFUSED' },
  ])
  expect(store.webhooks.deliveries(other.id, 9)).toMatchObject([{ error: null }])
  expect(events.latest(1, ({ type }) => type === 'webhook-failed')).toMatchObject([
    {
      app: { name: 'blog' },
      message: `Webhook ${webhook.id} (http://127.0.0.1:9) was not told of deploy.failed: ECONNREFUSED, after 4 tries`,
    },
  ])
})

test('where it leads elsewhere, nobody goes', async () => {
  const webhook = add()
  start([])
  receiver.answer((response) =>
    response.writeHead(302, { location: receiver.url.replace('/hook', '/elsewhere') }).end(),
  )
  happen('deploy-failed')
  await isEnded(webhook)
  expect(receiver.received).toHaveLength(1)
  expect(store.webhooks.lastTried(webhook.id)).toMatchObject({
    status: 302,
    error: '302: it leads elsewhere, and is not followed',
  })
})

test.each(['http://localhost:PORT/', 'http://127.0.0.1:PORT/', 'http://[::ffff:127.0.0.1]:PORT/'])(
  '%s is looked at each time that it is told, not only when it was added',
  async (url) => {
    const { port } = new URL(receiver.url)
    const webhook = add({ url: url.replace('PORT', port), allowPrivate: false })
    start([])
    happen('deploy-failed')
    await isEnded(webhook)
    expect(receiver.received).toEqual([])
    expect(store.webhooks.lastTried(webhook.id)?.error).toContain('is in a private network')
  },
)

test('what was not told before the server ended is told by the next, under the same id', async () => {
  const webhook = add()
  receiver.answer(() => {})
  start()
  happen('deploy-failed')
  await told(1)
  await stop()
  receiver.answer((response) => response.writeHead(200).end())
  start()
  await told(2)
  await isEnded(webhook)
  const [first, second] = receiver.received
  expect(second?.body.id).toBe(first?.body.id)
  // The try that the end of the server broke off does not count against the receiver.
  expect(store.webhooks.lastTried(webhook.id)).toMatchObject({ tries: 1, status: 200 })
})

test('an event that was written down and never spooled is told by the next server, and none twice', async () => {
  add()
  start()
  happen('deploy-failed')
  await told(1)
  await stop()
  happen('deploy-failed')
  happen('deploy-started')
  start()
  await told(2)
  await stop()
  start()
  happen('deploy-failed')
  await told(3)
  expect(receiver.received.map(({ body }) => body.number)).toEqual([1, 2, 4])
})

test('a webhook hears nothing of what was before it', async () => {
  start()
  happen('deploy-failed')
  await stop()
  add()
  start()
  happen('deploy-failed')
  await told(1)
  expect(receiver.received.map(({ body }) => body.number)).toEqual([2])
})

test('the spool is bounded: of more than a hundred that wait the oldest go', async () => {
  const webhook = add({ url: 'http://127.0.0.1:9/' })
  start([3_600_000])
  for (let count = 0; count < 130; count++) happen('deploy-failed')
  const numbers = (): readonly number[] =>
    store.webhooks
      .deliveries(webhook.id, 1_000)
      .map(({ body }) => (JSON.parse(body) as { number: number }).number)
  await until('the last is spooled', async () => numbers()[0] === 130)
  expect(numbers()).toHaveLength(100)
  expect(numbers().at(-1)).toBe(31)
})
