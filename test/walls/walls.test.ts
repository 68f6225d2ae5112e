import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ruleset } from '../../server/walls/ruleset.ts'
import { resolvers } from '../../server/walls/surroundings.ts'
import { outcomes, proberApp } from '../apps/prober.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { type HostService, openHostService } from './host-service.ts'
import { type Neighbour, openNeighbour } from './neighbour.ts'

const closedPort = 7707
const openedPort = 7708

const held = new AsyncDisposableStack()
let paas: TestInstance
let neighbour: Neighbour
let host: HostService
let repository: Repository
beforeAll(async () => {
  neighbour = held.use(await openNeighbour([closedPort, openedPort]))
  host = held.use(await openHostService())
  paas = held.use(
    await startInstance({
      MYSQL_URL: '',
      PAAS_SSH_HOST: '0.0.0.0',
      PAAS_HTTP_HOST: '0.0.0.0',
      PAAS_REACHABLE: `${neighbour.address}:${openedPort}`,
    }),
  )
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create orders')).exitCode === 0)
  const other = held.use(await makeRepository(staticApp('other')))
  repository = held.use(await makeRepository(proberApp()))
  for (const [from, app] of [
    [other, 'other'],
    [repository, 'mallory'],
  ] as const) {
    const push = await from.push(paas, app)
    if (push.exitCode !== 0) throw new Error(push.stderr)
  }
}, 120_000)
afterAll(() => held.disposeAsync())

const tableOf = (id: string): string => `paas-${id}-walls`
const nft = (...words: string[]) => execa('nft', words, { reject: false })
const tableStands = async (): Promise<boolean> =>
  !(await nft('list', 'table', 'inet', tableOf(paas.id))).failed

/** Where an app is: its bridge and gateway on the host, and the address of a container. */
async function placeOf(app: string): Promise<{ bridge: string; gateway: string; address: string }> {
  const { id, network } = JSON.parse(await paas.ok(`apps:report ${app} --json`)) as Record<string, string>
  const [
    {
      backends: [{ url }],
    },
  ] = JSON.parse(await paas.ok(`routes ${app} --json`)) as [{ backends: [{ url: string }] }]
  return {
    bridge: `paas-${id}`,
    gateway: String(network).replace(/\d+\/24$/, '1'),
    address: new URL(url).host,
  }
}

const mysqlPort = (): string => readFileSync(join(paas.home, 'mysql', 'port'), 'utf8').trim()

/** What nobody behind the walls may open: the host's services by each address it has, other apps, the local network. */
async function forbidden(): Promise<readonly string[]> {
  const [own, other] = [await placeOf('mallory'), await placeOf('other')]
  const hosts = [own.gateway, other.gateway, '172.17.0.1', ...host.addresses]
  const targets = [
    ...hosts.flatMap((address) =>
      [host.port, paas.sshPort, mysqlPort()].map((port) => `tcp:${address}:${port}`),
    ),
    ...hosts.map((address) => `udp:${address}:${host.port}`),
    `tcp:${other.address}`,
    `tcp:${neighbour.address}:${closedPort}`,
    `udp:${neighbour.address}:${closedPort}`,
    `tcp:${neighbour.linkLocal}:${closedPort}`,
    `tcp:${neighbour.address6}:${closedPort}`,
  ]
  return targets.sort()
}

const opened = (said: string): readonly string[] =>
  [...outcomes(said)].flatMap(([target, outcome]) => (outcome === 'open' ? [target] : [])).sort()

/** Tries targets from a container of the app, past the server. */
async function fromContainer(app: string, targets: readonly string[]): Promise<string> {
  const filters = [`label=paas.instance=${paas.id}`, `label=paas.app=${app}`, 'label=paas.process']
  const { stdout } = await execa('docker', ['ps', '-q', ...filters.flatMap((each) => ['--filter', each])])
  const [container = ''] = stdout.split('\n')
  return (await execa('docker', ['exec', container, 'node', 'probe.mjs', ...targets])).stdout
}

/** Tries targets from a step of a build of its own. */
async function fromBuild(targets: readonly string[]): Promise<string> {
  await repository.commit(proberApp(targets))
  const push = await repository.push(paas, 'mallory')
  expect(push.exitCode, push.stderr).toBe(0)
  return push.stderr
}

test('a container and a one-off reach nothing of the host, of other apps and of the local network', async () => {
  const targets = await forbidden()
  for (const said of [
    await fromContainer('mallory', targets),
    await paas.ok(`run mallory node probe.mjs ${targets.join(' ')}`),
  ]) {
    expect([...outcomes(said).keys()].sort()).toEqual(targets)
    expect(opened(said)).toEqual([])
  }
})

/** What everybody may: the internet by name, what PAAS_REACHABLE names, public pages of this machine. */
const allowed = (): readonly string[] => [
  'tcp:registry.npmjs.org:443',
  `tcp:${neighbour.address}:${openedPort}`,
  `udp:${neighbour.address}:${openedPort}`,
  ...host.addresses.filter((each) => !each.includes(':')).map((each) => `tcp:${each}:${paas.httpPort}`),
]

test('a container reaches the internet by name, what PAAS_REACHABLE names, and public pages', async () => {
  expect(opened(await fromContainer('mallory', allowed()))).toEqual(allowed().toSorted())
})

test('a build reaches these, and nothing else: not even a container beside it', async () => {
  const words = [
    'run',
    '-d',
    '--rm',
    '--label',
    `paas.instance=${paas.id}`,
    'paas/busybox',
    'busybox',
    'httpd',
  ]
  const { stdout: beside } = await execa('docker', [...words, '-f', '-p', '8000'])
  const format = '{{.NetworkSettings.IPAddress}}'
  const { stdout: address } = await execa('docker', ['inspect', '--format', format, beside])
  const targets = [...(await forbidden()), `tcp:${address}:8000`, ...allowed()].sort()
  const said = await fromBuild(targets)
  await execa('docker', ['rm', '-f', beside])
  expect([...outcomes(said).keys()].sort()).toEqual(targets)
  expect(opened(said)).toEqual(allowed().toSorted())
})

test('an app reaches its own containers and its database; one that is not linked does not', async () => {
  const { address, gateway } = await placeOf('mallory')
  const database = `tcp:${gateway}:${mysqlPort()}`
  expect(opened(await fromContainer('mallory', [`tcp:${address}`, database]))).toEqual([`tcp:${address}`])
  await paas.ok('mysql:link orders mallory')
  expect(opened(await fromContainer('mallory', [database]))).toEqual([database])
  await paas.ok('mysql:unlink orders mallory')
  await until(
    'the door is closed',
    async () => opened(await fromContainer('mallory', [database])).length === 0,
  )
})

test('IPv6 is closed as well: to a guest on the bridge that has it', async () => {
  const { bridge } = await placeOf('mallory')
  const [first = '::1'] = host.addresses.filter((each) => each.includes(':'))
  await using guest = await openGuest(bridge)
  const targets = [guest.linkLocalGateway, guest.gateway, first].map((each) => `tcp:${each}:${host.port}`)
  // The walls' own answer: not one of a network that does not work.
  const refused = targets.map((target): [string, string] => [target, 'EACCES'])
  await until('its address is settled, and all is refused', async () => {
    const found = outcomes(await guest.probe(targets))
    expect([...found.values()]).not.toContain('open')
    return refused.every(([target, outcome]) => found.get(target) === outcome)
  })
})

test('two instances side by side: each lets through what it names, and neither closes the other', async () => {
  const { bridge } = await placeOf('other')
  const rules = ruleset({
    instanceId: `${paas.id}-twin`,
    bridges: [bridge],
    doors: [],
    links: [],
    publicPorts: [host.port],
    resolvers: resolvers(),
    reachable: [{ family: 4, addresses: neighbour.address, port: closedPort }],
    localNetworks: [],
  })
  await execa('nft', ['-f', '-'], { input: rules })
  try {
    const both = [closedPort, openedPort].map((port) => `tcp:${neighbour.address}:${port}`)
    const pages = [host.port, paas.httpPort].map((port) => `tcp:172.17.0.1:${port}`).sort()
    expect(opened(await fromBuild([...both, ...pages]))).toEqual([...both, ...pages])
    expect(opened(await fromContainer('mallory', both))).toEqual(both.slice(1))
  } finally {
    await nft('delete', 'table', 'inet', tableOf(`${paas.id}-twin`))
  }
})

test('walls that somebody takes down are put back at once, and they are what keeps a container in', async () => {
  const target = `tcp:${neighbour.address}:${closedPort}`
  const server = paas.pid('server') ?? 0
  process.kill(server, 'SIGSTOP')
  try {
    await execa('nft', ['delete', 'table', 'inet', tableOf(paas.id)])
    expect(opened(await fromContainer('mallory', [target]))).toEqual([target])
  } finally {
    process.kill(server, 'SIGCONT')
  }
  await until('they stand again', tableStands, 10_000)
  expect(opened(await fromContainer('mallory', [target]))).toEqual([])
  await execa('nft', ['flush', 'chain', 'inet', tableOf(paas.id), 'forward'])
  await until('the chain is back', async () => opened(await fromContainer('mallory', [target])).length === 0)
  expect(await walls()).toMatchObject({ holds: true })
  expect(paas.log('server')).toContain(`${tableOf(paas.id)} was changed from outside: it is put back`)
})

type Need = { readonly title: string; readonly holds: boolean; readonly saw: string; readonly next?: string }

/** What doctor says of them. */
async function walls(): Promise<Need | undefined> {
  const { needs } = JSON.parse((await paas.ssh('doctor --json')).stdout) as { needs: readonly Need[] }
  return needs.find(({ title }) => title === 'Walls')
}

test('doctor says that they are down before they are put back, and names a container that is around them', async () => {
  await until('it is asked in between', async () => {
    await nft('delete', 'table', 'inet', tableOf(paas.id))
    return (await walls())?.saw.includes(`the table inet ${tableOf(paas.id)} is not there`) === true
  })
  await until('they stand again', async () => (await walls())?.holds === true)
  const network = `${tableOf(paas.id)}-foreign`
  const ours = ['--filter', `label=paas.instance=${paas.id}`, '--filter', 'label=paas.process']
  const { stdout } = await execa('docker', ['ps', '--format', '{{.Names}}', ...ours])
  const [container = ''] = stdout.split('\n')
  await execa('docker', ['network', 'create', network])
  try {
    await execa('docker', ['network', 'connect', network, container])
    expect(await walls()).toMatchObject({
      holds: false,
      saw: expect.stringContaining(`${container} is in the network ${network} too`),
      next: `On the server: docker network disconnect ${network} ${container}`,
    })
    await execa('docker', ['network', 'disconnect', network, container])
    expect(await walls()).toMatchObject({ holds: true })
  } finally {
    await execa('docker', ['network', 'disconnect', '--force', network, container], { reject: false })
    await execa('docker', ['network', 'rm', network])
  }
})

test('they outlive the server, and stand around an app from its first packet', async () => {
  const target = `tcp:${neighbour.address}:${closedPort}`
  await paas.kill('server')
  expect(opened(await fromContainer('mallory', [target]))).toEqual([])
  await paas.up()
  await paas.ok('apps:create late')
  expect((await repository.push(paas, 'late')).exitCode).toBe(0)
  expect(opened(await fromContainer('late', [target, ...allowed()]))).toEqual(allowed().toSorted())
})

type Guest = AsyncDisposable & {
  /** The host, as the guest sees it. */
  readonly linkLocalGateway: string
  readonly gateway: string
  probe(targets: readonly string[]): Promise<string>
}

/** A network namespace on the bridge, as a container whose network speaks IPv6 would be. */
async function openGuest(bridge: string): Promise<Guest> {
  const space = `paas-guest-${process.pid}`
  const ip = (...words: string[]) => execa('ip', words)
  await using stack = new AsyncDisposableStack()
  await ip('netns', 'add', space)
  stack.defer(async () => void (await ip('netns', 'del', space)))
  await ip('addr', 'add', 'fd00:77:99::1/64', 'dev', bridge, 'nodad')
  stack.defer(async () => void (await ip('addr', 'del', 'fd00:77:99::1/64', 'dev', bridge)))
  const outside = `pgo${process.pid}`
  await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'inside0', 'netns', space)
  await ip('link', 'set', outside, 'master', bridge, 'up')
  await ip('-n', space, 'addr', 'add', 'fd00:77:99::2/64', 'dev', 'inside0', 'nodad')
  await ip('-n', space, 'link', 'set', 'inside0', 'up')
  await ip('-n', space, '-6', 'route', 'add', 'default', 'via', 'fd00:77:99::1')
  const { stdout } = await ip('-6', '-o', 'addr', 'show', 'dev', bridge, 'scope', 'link')
  const made = stack.move()
  return {
    linkLocalGateway: `${/inet6 (\S+)\//.exec(stdout)?.[1]}%inside0`,
    gateway: 'fd00:77:99::1',
    async probe(targets) {
      const script = join(repository.path, 'probe.mjs')
      return (await ip('netns', 'exec', space, process.execPath, script, ...targets)).stdout
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}
