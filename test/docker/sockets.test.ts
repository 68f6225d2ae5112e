import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { socketsOf } from '../../server/docker/sockets.ts'
import { Workbench } from './workbench.ts'

describe('what a container listens on', { timeout: 60_000 }, () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await Workbench.open()
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  test('is told by address and port, loopback and IPv6 apart', async () => {
    const id = await bench.started('httpd -p 127.0.0.1:3000; httpd -p 0.0.0.0:5000; httpd -f -p "[::]:8080"')
    const container = await bench.engine.containers.inspect(id)
    await vi.waitFor(
      async () =>
        expect(
          new Set(
            (await socketsOf(container, 'listening'))?.map(({ address, port }) => `${address} ${port}`),
          ),
        ).toEqual(new Set(['127.0.0.1 3000', '0.0.0.0 5000', ':: 8080'])),
      { timeout: 10_000 },
    )
  })

  test('is unknown of a container that is not on this machine, and of one that does not run', async () => {
    expect(await socketsOf({ id: 'f'.repeat(64), pid: process.pid }, 'listening')).toBeUndefined()
    expect(await socketsOf({ id: 'f'.repeat(64), pid: undefined }, 'listening')).toBeUndefined()
    expect(await socketsOf({ id: 'f'.repeat(64), pid: 2 ** 22 + 1 }, 'listening')).toBeUndefined()
  })
})
