import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../server/docker/engine.ts'
import { type EngineEvent, EventsBrokenError } from '../../server/docker/events.ts'
import { InterruptedError } from '../../server/errors.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('the engine’s events', { timeout: 60_000 }, () => {
  test('tell of a container’s start and of its end with the exit code, of our labels only', async () => {
    const labels = { ...bench.labels, 'paas.app': 'events' }
    const stop = new AbortController()
    const events = await bench.engine.events({ labels, signal: stop.signal })
    await bench.started('exit 1')
    const id = await bench.started('exit 42', { labels })
    const seen: EngineEvent[] = []
    for await (const event of events) {
      seen.push(event)
      if (event.action === 'die') break
    }
    expect(seen.map(({ action }) => action)).toEqual(['create', 'start', 'die'])
    expect(new Set(seen.map((event) => event.id))).toEqual(new Set([id]))
    expect(seen.at(-1)).toMatchObject({ type: 'container', exitCode: 42, labels })
    expect(seen.at(-1)?.at).toMatch(/\.\d{9}Z$/)
    expect(seen[0]?.exitCode).toBeUndefined()
  })

  test('begin again at the time of an earlier one', async () => {
    const labels = { ...bench.labels, 'paas.app': 'again' }
    const first = await bench.engine.events({ labels })
    await bench.engine.containers.wait(await bench.started('exit 5', { labels }))
    const created = (await first.next()).value as EngineEvent
    await first.return(undefined)
    const again = await bench.engine.events({ labels, since: created.at })
    expect((await again.next()).value).toEqual(created)
    expect((await again.next()).value).toMatchObject({ action: 'start' })
    await again.return(undefined)
  })

  test('tell of running out of memory', async () => {
    const labels = { ...bench.labels, 'paas.app': 'oom' }
    const events = await bench.engine.events({ labels })
    // The kernel ends a child, and the container goes on: of one that ends with it the event may be lost.
    const id = await bench.started("sh -c 'x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done'; exec sleep 60", {
      labels,
      limits: { memoryBytes: 16 * 1024 * 1024, cpus: 1, pids: 16 },
    })
    const actions: string[] = []
    for await (const { action, exitCode } of events) {
      actions.push(action)
      if (action === 'oom') await bench.engine.containers.kill(id)
      if (action === 'die') expect(exitCode).toBe(137)
      if (action === 'die') break
    }
    expect(actions).toContain('oom')
  })

  test('end with the signal', async () => {
    const stop = new AbortController()
    const events = await bench.engine.events({ labels: bench.labels, signal: stop.signal })
    const next = events.next()
    stop.abort()
    await expect(next).rejects.toBeInstanceOf(InterruptedError)
  })

  test('say so when they break', async () => {
    const sockets = new Set<Socket>()
    const path = join(tmpdir(), `paas-${bench.instance}.sock`)
    const relay = createServer((client) => {
      const docker = connect('/var/run/docker.sock')
      for (const socket of [client, docker]) sockets.add(socket.on('error', () => {}))
      client.pipe(docker).pipe(client)
    })
    await new Promise<void>((listening) => relay.listen(path, listening))
    try {
      const events = await new Engine({ dockerHost: `unix://${path}` }).events({ labels: bench.labels })
      const next = events.next()
      next.catch(() => {})
      for (const socket of sockets) socket.destroy()
      await expect(next).rejects.toBeInstanceOf(EventsBrokenError)
    } finally {
      relay.close()
    }
  })
})
