import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { appliedChannel } from '../../router/contract.ts'
import { startBackend, startRouter, until } from './harness.ts'
import { route } from './publish.ts'

test('Swaps under load fail no request, and what is in flight drains visibly', {
  timeout: 30_000,
}, async () => {
  await using router = await startRouter()
  const held = Promise.withResolvers<void>()
  const arrived: string[] = []
  const handle = (name: string) => (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.url !== '/') arrived.push(`${incoming.url} at ${name}`)
    if (incoming.url === '/long') held.promise.then(() => response.end(`long from ${name}`))
    else if (incoming.url === '/upload')
      text(incoming).then((body) => response.end(`${body.length} at ${name}`))
    else response.end(name)
  }
  await using one = await startBackend('one', handle('one'))
  await using two = await startBackend('two', handle('two'))
  await using three = await startBackend('three', handle('three'))
  const webSockets = new WebSocketServer({ server: one.server })
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
  await router.publish({ app: route(['app.test'], [one.address]) })

  const long = router.get('app.test', '/long')
  const upload = request({
    port: router.port,
    method: 'POST',
    path: '/upload',
    headers: { host: 'app.test' },
  })
  const uploaded = once(upload, 'response') as Promise<[IncomingMessage]>
  upload.write('a'.repeat(100_000))
  const webSocket = new WebSocket(`ws://127.0.0.1:${router.port}/`, { headers: { host: 'app.test' } })
  webSocket.on('error', () => {})
  await once(webSocket, 'open')
  // HAProxy's threads each take connections: the last to open may be served first.
  await until('all that is held has reached one', async () => arrived.length === 2)
  expect(arrived.sort()).toEqual(['/long at one', '/upload at one'])

  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const failures: string[] = []
  const answers = new Map<string, number>()
  let loading = true
  const client = async (): Promise<void> => {
    while (loading) {
      const body = await fetchWith(agent, router.port).catch((error: Error) => `failed: ${error.message}`)
      if (!['one', 'two', 'three'].includes(body)) failures.push(body)
      answers.set(body, (answers.get(body) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: 8 }, client)

  await router.publish({ app: route(['app.test'], [two.address, three.address], 2) })
  expect(Object.keys(await router.draining())).toEqual([`http://${one.address}`])
  await until('only what is held is in flight', async () => {
    return (await router.draining())[`http://${one.address}`] === '3'
  })
  const ones = answers.get('one')
  for (let round = 3; round < 9; round++) {
    const next = round % 2 ? [two.address] : [two.address, three.address]
    await router.publish({ app: route(['app.test'], next, round) })
  }
  const after = (answers.get('two') ?? 0) + 100
  await until('more was answered', async () => (answers.get('two') ?? 0) > after)
  loading = false
  await Promise.all(clients)
  agent.destroy()
  expect(failures).toEqual([])
  // Nothing reaches a backend after its leaving was acknowledged.
  expect(answers.get('one')).toBe(ones)

  webSocket.send('still here')
  const [reply] = await once(webSocket, 'message')
  expect(`${reply}`).toBe('echo still here')
  upload.end('b'.repeat(100_000))
  const [response] = await uploaded
  expect(await text(response)).toBe('200000 at one')
  held.resolve()
  expect((await long).body).toBe('long from one')
  await until('only the WebSocket is left', async () => {
    const draining = await router.draining()
    return Object.keys(draining).length === 1 && draining[`http://${one.address}`] === '1'
  })
  webSocket.close()
  await until('nothing drains', async () => Object.keys(await router.draining()).length === 0)
})

test('From the acknowledgement on no request reaches the old backend', { timeout: 30_000 }, async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await using two = await startBackend('two')
  await router.publish({ app: route(['app.test'], [one.address]) })
  // The channel says it first, and open connections lose no time.
  const listener = router.redis.duplicate()
  await using _ = { [Symbol.asyncDispose]: async () => listener.disconnect() }
  await listener.subscribe(appliedChannel)
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const wrong: string[] = []
  for (let round = 0; round < 20; round++) {
    const [name, address] = round % 2 ? ['one', one.address] : ['two', two.address]
    const first = Promise.withResolvers<string[]>()
    let generation = Number.POSITIVE_INFINITY
    const onMessage = (_channel: string, message: string): void => {
      if (Number(message.split(' ')[1]) < generation) return
      listener.off('message', onMessage)
      first.resolve(Promise.all(Array.from({ length: 4 }, () => fetchWith(agent, router.port))))
    }
    const before = (await router.state())?.generation ?? 0
    generation = before + 1
    listener.on('message', onMessage)
    await router.publish({ app: route(['app.test'], [address], round) })
    wrong.push(...(await first.promise).filter((body) => body !== name))
  }
  agent.destroy()
  expect(wrong).toEqual([])
})

test('An app scaled to nothing and back, and one removed, are followed', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  await router.publish({ app: route(['app.test', 'www.test'], [one.address]) })
  await router.publish({ app: route(['app.test', 'www.test'], []) })
  expect((await router.get('app.test')).status).toBe(503)
  await router.publish({ app: route(['app.test'], [one.address]) })
  expect((await router.get('app.test')).body).toBe('one')
  expect((await router.get('www.test')).status).toBe(404)
  await router.publish({ app: undefined })
  expect((await router.get('app.test')).status).toBe(404)
})

test('One of two backends that dies costs no request', async () => {
  await using router = await startRouter()
  await using one = await startBackend('one')
  const two = await startBackend('two')
  await router.publish({ app: route(['app.test'], [one.address, two.address]) })
  await two[Symbol.asyncDispose]()
  const answers = await Promise.all(Array.from({ length: 50 }, () => router.get('app.test')))
  expect(answers.filter(({ body }) => body !== 'one')).toEqual([])
})

test("A sole backend's own errors do not take it out", async () => {
  await using router = await startRouter()
  await using one = await startBackend('one', (incoming, response) => {
    response.statusCode = incoming.url === '/bad' ? 500 : 200
    response.end('one')
  })
  await router.publish({ app: route(['app.test'], [one.address]) })
  for (let count = 0; count < 30; count++) expect((await router.get('app.test', '/bad')).status).toBe(500)
  expect((await router.get('app.test')).status).toBe(200)
})

test('A sole backend that comes back is served again', async () => {
  await using router = await startRouter()
  const first = await startBackend('first')
  const address = first.server.address()
  await router.publish({ app: route(['app.test'], [first.address]) })
  await first[Symbol.asyncDispose]()
  expect((await router.get('app.test')).status).toBe(502)
  await using second = await startBackend('second')
  await new Promise((resolve) => second.server.close(resolve))
  if (typeof address === 'object' && address) second.server.listen(address.port, address.address)
  await until('it answers', async () => (await router.get('app.test')).body === 'second')
})

function fetchWith(agent: Agent, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent, headers: { host: 'app.test' } }, (response) => {
      text(response).then(resolve, reject)
    })
      .on('error', reject)
      .end()
  })
}
