import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Engine } from '../../server/docker/engine.ts'
import { Workbench } from './workbench.ts'

test('says where it keeps its data, and what that holds', async () => {
  await using bench = await Workbench.open()
  const id = await bench.started('dd if=/dev/zero of=/tmp/written bs=64k count=16; sleep 100')
  expect(await bench.engine.disk.root()).toMatch(/^\//)
  await expect
    .poll(async () => {
      const { containers } = await bench.engine.disk.use()
      return containers.find((container) => container.id === id)?.writtenBytes
    })
    .toBeGreaterThanOrEqual(1024 ** 2)
  const use = await bench.engine.disk.use()
  expect(use.containers.find((container) => container.id === id)?.labels).toMatchObject(bench.labels)
  expect(use.layersBytes).toBeGreaterThan(0)
})

test('images that are built on each other share the keys of their layers', async () => {
  await using bench = await Workbench.open()
  const tag = `paas-${bench.instance}/above:1`
  await bench.engine.build({
    context: bench.context({ Dockerfile: `FROM ${bench.image}\nCOPY more /more\n`, more: 'x'.repeat(1000) }),
    dockerfile: 'Dockerfile',
    labels: bench.labels,
    tag,
    onLine: () => {},
  })
  const [below, above] = [
    await bench.engine.images.layers(bench.image),
    await bench.engine.images.layers(tag),
  ]
  expect(above.slice(0, below.length)).toEqual(below)
  expect(above.at(-1)?.sizeBytes).toBe(1000)
  expect(new Set(above.map(({ key }) => key)).size).toBe(above.length)
})

test('a trimmed build cache keeps what it was told to', async () => {
  const { engine } = new Workbench()
  expect(await engine.disk.pruneBuildCache({ keepBytes: 1024 ** 5, unusedForMs: 3_600_000 })).toBe(0)
  // The whole of it is everybody's on this machine: what is asked of Docker is looked at instead.
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`)
    response.setHeader('content-type', 'application/json').end('{"SpaceReclaimed": 7}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const other = new Engine({ dockerHost: `tcp://127.0.0.1:${port}` })
    expect(await other.disk.pruneBuildCache({ keepBytes: 1000, unusedForMs: 60_000 })).toBe(7)
    expect(asked).toEqual(['POST /build/prune?keep-storage=1000&filters={"until":["60s"]}'])
  } finally {
    server.close()
  }
})
