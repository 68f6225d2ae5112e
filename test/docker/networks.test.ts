import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConflictError, NetworkOverlapError } from '../../server/docker/engine-errors.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('a network', { timeout: 60_000 }, () => {
  test('is made, listed and removed', async () => {
    const { networks } = bench.engine
    const { name, subnet } = await bench.network()
    expect(await networks.exists(name)).toBe(true)
    const found = (await networks.list()).find((network) => network.name === name)
    expect(found).toMatchObject({ labels: bench.labels, subnets: [subnet] })
    expect((await networks.list({ labels: bench.labels })).map((network) => network.name)).toContain(name)
    await networks.remove(name)
    await networks.remove(name)
    expect(await networks.exists(name)).toBe(false)
  })

  test('that overlaps another in addresses or bridge is refused so that the next can be tried', async () => {
    const { networks } = bench.engine
    const taken = await bench.network()
    const spec = {
      name: bench.name(),
      bridge: `pt${bench.instance.slice(-8)}x`,
      subnet: taken.subnet,
      gateway: `${taken.prefix}.1`,
      dynamicRange: `${taken.prefix}.192/26`,
      labels: bench.labels,
    }
    await expect(networks.create(spec)).rejects.toBeInstanceOf(NetworkOverlapError)
    const same = await networks.create({ ...spec, name: taken.name }).catch((error: unknown) => error)
    expect(same).toBeInstanceOf(ConflictError)
    expect(same).not.toBeInstanceOf(NetworkOverlapError)
    await expect(networks.create({ ...spec, bridge: 'a-bridge-too-long' })).rejects.toThrow(RangeError)
  })

  test('in use is not removed', async () => {
    const { name } = await bench.network()
    await bench.started('sleep 1000', { network: { name } })
    await expect(bench.engine.networks.remove(name)).rejects.toBeInstanceOf(ConflictError)
  })
})
