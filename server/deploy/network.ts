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

/**
 * Makes sure that the app's own network is there and returns its subnet. A subnet that Docker, the host's routes
 * or another of our apps use is never chosen; one given to an app stays its own until the app is destroyed.
 */
export function ensureNetwork(paas: NetworkParts, app: App): Promise<string> {
  const known = underWay.get(app.id)
  if (known) return known
  const ensured = makeUnlessThere(paas, app).finally(() => underWay.delete(app.id))
  underWay.set(app.id, ensured)
  return ensured
}

type NetworkParts = Pick<Paas, 'engine' | 'store'> & { readonly walls: Pick<Paas['walls'], 'raise'> }

/** Two that need the same network at once make it once. */
const underWay = new Map<string, Promise<string>>()

async function makeUnlessThere(paas: NetworkParts, app: App): Promise<string> {
  const name = networkName(app.id)
  const networks = await paas.engine.networks.list()
  const known = networks.find((network) => network.name === name)?.subnets[0]
  if (known !== undefined) {
    // The server was killed after Docker had made it: its bridge's name would be in the way of every other subnet.
    if (app.subnet !== known) paas.store.apps.setSubnet(app.id, known)
    return known
  }
  // Before there is anybody in it.
  await paas.walls.raise()
  const taken = [...networks.flatMap((network) => network.subnets), ...hostRoutes()].map(parseSubnet)
  const candidates = app.subnet ? [app.subnet] : freeSubnets(paas, taken)
  for (const subnet of candidates) {
    const made = await createUnlessOverlapping(paas, {
      name,
      bridge: bridgeName(app.id),
      subnet,
      gateway: addressIn(subnet, 1),
      dynamicRange: `${addressIn(subnet, 192)}/26`,
      labels: { 'paas.instance': paas.store.instanceId, 'paas.app-id': app.id },
    })
    if (!made) continue
    paas.store.apps.setSubnet(app.id, subnet)
    return subnet
  }
  throw new UnavailableError('No free network is left in 10.128.0.0/9', {
    next: 'Destroy apps that are not used',
  })
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

function* freeSubnets(paas: NetworkParts, taken: readonly Range[]): Generator<string> {
  const ours = new Set(paas.store.apps.list().map((app) => app.subnet))
  const start = [...paas.store.instanceId].reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) % (last - first),
    0,
  )
  for (let step = 0; step < last - first; step++) {
    const number = first + ((start + step) % (last - first))
    const subnet = `10.${Math.floor(number / 256)}.${number % 256}.0/24`
    const range = parseSubnet(subnet)
    if (!ours.has(subnet) && !taken.some((other) => range.from <= other.to && other.from <= range.to))
      yield subnet
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
