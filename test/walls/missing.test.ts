import { chmodSync, mkdirSync, mkdtempDisposableSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Store } from '../../server/state/store.ts'
import { wallsTable } from '../../server/walls/ruleset.ts'
import { unseenBridged } from '../../server/walls/surroundings.ts'
import { Walls } from '../../server/walls/walls.ts'
import { wayAround } from '../../server/walls/way-around.ts'

/** Where Debian has it; we find what a test puts in front of it. */
const nft = '/usr/sbin/nft'
/** The real one, without the right to it. */
const forbidden = `exec setpriv --bounding-set=-net_admin --inh-caps=-all ${nft} "$@"`

const held = new DisposableStack()
let folder: string
let store: Store
let table: string
beforeAll(() => {
  folder = held.use(mkdtempDisposableSync(join(tmpdir(), 'paas-walls-'))).path
  store = new Store(folder)
  held.defer(() => store.close())
  table = wallsTable(store.instanceId)
  const before = process.env.PATH
  process.env.PATH = `${folder}:${before}`
  held.defer(() => {
    process.env.PATH = before
  })
})
afterAll(async () => {
  held.dispose()
  await execa(nft, ['delete', 'table', ...table.split(' ')], { reject: false })
})

/** What we find as `nft` from now on. */
function install(script: string): void {
  const made = join(folder, 'made')
  writeFileSync(made, `#!/bin/sh\n${script}\n`)
  chmodSync(made, 0o755)
  renameSync(made, join(folder, 'nft'))
}
beforeEach(() => install(`exec ${nft} "$@"`))

type Kept = Disposable & { readonly walls: Walls; readonly logged: readonly string[] }

/** Walls that nobody watches before a test does. */
function open(): Kept {
  const closing = new AbortController()
  const logged: string[] = []
  const walls = new Walls({
    store,
    kinds: new Map(),
    settings: { reachable: [], httpPort: 80, httpsPort: 443 },
    isProved: () => false,
    log: (line) => logged.push(line),
    closing: closing.signal,
  })
  return { walls, logged, [Symbol.dispose]: () => closing.abort() }
}

test('walls that stand lack nothing', async () => {
  using kept = open()
  await kept.walls.raise()
  expect(await kept.walls.missing()).toBeUndefined()
})

test('where nft is not installed that is what is missing, with what installs it', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    using kept = open()
    await kept.walls.raise()
    expect(await kept.walls.missing()).toEqual({
      saw: 'nftables is not installed here',
      next: 'As root, on the server: apt-get install nftables',
    })
    expect(kept.logged).toEqual(['Apps and builds are not walled in: nftables is not installed here'])
  } finally {
    process.env.PATH = path
  }
})

test('where nft is not allowed the kernel’s own words are said', async () => {
  install(forbidden)
  using kept = open()
  await kept.walls.raise()
  expect(await kept.walls.missing()).toEqual({
    saw: expect.stringMatching(/^nft may not touch the firewall of this machine: .*not permitted/),
    next: expect.stringContaining('make up'),
  })
})

test('a table that is gone or changed is missing until it is put back, which is said', async () => {
  using kept = open()
  await kept.walls.raise()
  await execa(nft, ['delete', 'table', ...table.split(' ')])
  expect(await kept.walls.missing()).toEqual({
    saw: `the table ${table} is not there; it is put back within 2 s`,
    next: expect.stringContaining('doctor'),
  })
  await kept.walls.raise()
  expect(await kept.walls.missing(), 'what was put is put again only where somebody looks').toBeDefined()

  using again = open()
  await again.walls.raise()
  expect(await again.walls.missing()).toBeUndefined()
  await execa(nft, ['flush', 'chain', ...table.split(' '), 'forward'])
  expect((await again.walls.missing())?.saw).toBe(
    `the table ${table} is not as it was put; it is put back within 2 s`,
  )
})

test('a table that cannot be put back says why, once in the log, and stands again as soon as it can be', async () => {
  using kept = open()
  await kept.walls.raise()
  install(`case $1 in -f) ${forbidden} ;; *) exec ${nft} "$@" ;; esac`)
  await execa(nft, ['delete', 'table', ...table.split(' ')])
  kept.walls.watch().catch(() => {})
  await expect
    .poll(() => kept.walls.missing(), { timeout: 20_000 })
    .toMatchObject({
      saw: expect.stringContaining(
        `the table ${table} is not there and cannot be put back: nft may not touch`,
      ),
    })
  install(`exec ${nft} "$@"`)
  await expect.poll(() => kept.walls.missing(), { timeout: 20_000 }).toBeUndefined()
  expect(kept.logged).toEqual([
    `The table ${table} was changed from outside: it is put back`,
    expect.stringContaining('not permitted'),
  ])
})

const bridge = { id: '1', name: 'bridge', labels: {}, subnets: [], bridge: 'docker0' }
const own = { ...bridge, name: 'paas-a', labels: { 'paas.instance': 'a' }, bridge: 'paas-a' }
const facts = { instanceId: 'a', networks: [bridge, own], containers: [] }

test('builds behind a bridge of another name are around the walls', () => {
  expect(wayAround(facts)).toBeUndefined()
  const networks = [{ ...bridge, bridge: 'br0' }, own]
  expect(wayAround({ ...facts, networks })?.saw).toContain('builds behind the bridge br0')
})

test('a container in a network that is not ours is around them too, and in Docker’s default one it is not', () => {
  const containers = [{ name: 'web', networks: ['paas-a', 'bridge'] }]
  expect(wayAround({ ...facts, containers })).toBeUndefined()
  const foreign = [...containers, { name: 'web-2', networks: ['paas-a', 'shop_default'] }]
  expect(wayAround({ ...facts, containers: foreign })).toEqual({
    saw: 'web-2 is in the network shop_default too, which is not ours',
    next: 'On the server: docker network disconnect shop_default web-2',
  })
})

test('whether packets within a network are seen is what the kernel says: on IPv6 where there is any', () => {
  using root = mkdtempDisposableSync(join(tmpdir(), 'paas-proc-'))
  const settings = join(root.path, 'sys', 'net', 'bridge')
  const [four, six] = ['net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables']
  expect(unseenBridged(root.path)).toEqual([four])
  mkdirSync(settings, { recursive: true })
  writeFileSync(join(settings, 'bridge-nf-call-iptables'), '0\n')
  expect(unseenBridged(root.path)).toEqual([four])
  writeFileSync(join(settings, 'bridge-nf-call-iptables'), '1\n')
  expect(unseenBridged(root.path)).toEqual([])
  mkdirSync(join(root.path, 'net'))
  writeFileSync(join(root.path, 'net', 'if_inet6'), '')
  expect(unseenBridged(root.path)).toEqual([six])
  writeFileSync(join(settings, 'bridge-nf-call-ip6tables'), '1\n')
  expect(unseenBridged(root.path)).toEqual([])
})
