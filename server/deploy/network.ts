import { readFileSync } from 'node:fs'
import { NetworkOverlapError } from '../docker/engine-errors.ts'
import type { NetworkSpec } from '../docker/networks.ts'
import { UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** 10.128.0.0 to 10.255.255.0 in steps of a /24: 32,768 networks. */
const first = 128 * 256
const last = 256 * 256

export const networkName = (appId: string): string => `paas-${appId}`

/** Of the bridge on the host, by which its firewall tells apps apart. */
export const bridgeName = networkName

/** `10.x.y.N` in the app's network. */
export const addressIn = (subnet: string, number: number): string =>
  subnet.replace(/\d+\/24$/, String(number))

/** Makes sure that the app's own network is there and returns its subnet, its own until the app is destroyed. */
export function ensureNetwork(paas: NetworkParts, app: App): Promise<string> {
  return ensureSubnet(paas, {
    name: networkName(app.id),
    bridge: bridgeName(app.id),
    labels: { 'paas.instance': paas.store.instanceId, 'paas.app-id': app.id },
    bits: 24,
    subnet: app.subnet,
    keep: (subnet) => paas.store.apps.setSubnet(app.id, subnet),
  })
}

export type NetworkParts = Pick<Paas, 'engine' | 'store'> & { readonly walls: Pick<Paas['walls'], 'raise'> }

/** A network with a subnet of its own. */
export type Wanted = Pick<NetworkSpec, 'name' | 'bridge' | 'labels' | 'internal'> & {
  readonly bits: 23 | 24
  /** null: none was chosen yet. */
  readonly subnet: string | null
  /** Told the subnet that it has. */
  readonly keep: (subnet: string) => void
}

/**
 * Makes sure that a network is there and returns its subnet. One that Docker, the host's routes or another network of
 * ours use is never chosen.
 */
export function ensureSubnet(paas: NetworkParts, wanted: Wanted): Promise<string> {
  const known = underWay.get(wanted.name)
  if (known) return known
  const ensured = makeUnlessThere(paas, wanted).finally(() => underWay.delete(wanted.name))
  underWay.set(wanted.name, ensured)
  return ensured
}

/** Two that need the same network at once make it once. */
const underWay = new Map<string, Promise<string>>()

async function makeUnlessThere(paas: NetworkParts, wanted: Wanted): Promise<string> {
  const { name, bridge, labels, internal, bits } = wanted
  const networks = await paas.engine.networks.list()
  const known = networks.find((network) => network.name === name)?.subnets[0]
  if (known !== undefined) {
    // The server was killed after Docker had made it: its bridge's name would be in the way of every other subnet.
    if (wanted.subnet !== known) wanted.keep(known)
    return known
  }
  // Before there is anybody in it.
  await paas.walls.raise()
  const taken = [...networks.flatMap((network) => network.subnets), ...hostRoutes(), ...ours(paas)]
  const candidates = wanted.subnet ? [wanted.subnet] : freeSubnets(paas, bits, taken.map(parseSubnet))
  for (const subnet of candidates) {
    const made = await createUnlessOverlapping(paas, {
      name,
      bridge,
      subnet,
      gateway: subnet.replace(/0\/\d+$/, '1'),
      dynamicRange: dynamicRange(subnet),
      labels,
      internal,
    })
    if (!made) continue
    wanted.keep(subnet)
    return subnet
  }
  throw new UnavailableError('No free network is left in 10.128.0.0/9', {
    next: 'Destroy apps that are not used',
  })
}

/** The upper quarter of its last /24. */
function dynamicRange(subnet: string): string {
  const [first, second, third, , bits] = subnet.split(/[./]/)
  return `${first}.${second}.${Number(third) + (bits === '23' ? 1 : 0)}.192/26`
}

async function createUnlessOverlapping(paas: NetworkParts, spec: NetworkSpec): Promise<boolean> {
  try {
    await paas.engine.networks.create(spec)
    return true
  } catch (error) {
    if (error instanceof NetworkOverlapError) return false
    throw error
  }
}

/** Also those that Docker does not have at the moment. */
const ours = ({ store }: NetworkParts): readonly string[] =>
  [...store.apps.list(), ...store.appLinks.all()].flatMap(({ subnet }) => subnet ?? [])

function* freeSubnets(paas: NetworkParts, bits: 23 | 24, taken: readonly Range[]): Generator<string> {
  const start = [...paas.store.instanceId].reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) % (last - first),
    0,
  )
  for (let step = 0; step < last - first; step++) {
    const number = first + ((start + step) % (last - first))
    if (bits === 23 && number % 2 === 1) continue
    const subnet = `10.${Math.floor(number / 256)}.${number % 256}.0/${bits}`
    const range = parseSubnet(subnet)
    if (!taken.some((other) => range.from <= other.to && other.from <= range.to)) yield subnet
  }
}

type Range = { readonly from: number; readonly to: number }

function parseSubnet(subnet: string): Range {
  const [address = '', bits = '32'] = subnet.split('/')
  const size = 2 ** (32 - Number(bits))
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const from = Math.floor(number / size) * size
  return { from, to: from + size - 1 }
}

/** Networks that the host itself routes, from /proc/net/route (little-endian hexadecimal); the default route apart. */
function hostRoutes(): readonly string[] {
  const rows = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1)
  return rows.flatMap((row) => {
    const [, destination, , , , , , mask] = row.split('\t')
    if (!destination || !mask || mask === '00000000') return []
    const bytes = (hex: string): number[] => [...Buffer.from(hex, 'hex')].reverse()
    const bits = bytes(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    return [`${bytes(destination).join('.')}/${bits}`]
  })
}
