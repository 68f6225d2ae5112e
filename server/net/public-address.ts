import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { UserError } from '../errors.ts'

export type Address = { readonly address: string; readonly family: 4 | 6 }

/**
 * Where a host is, for whoever connects to these addresses and no others: a name can say something else the next time.
 * Throws `UserError` where there is none, and unless `allowPrivate` where one of them is this machine or in a network
 * that the internet does not route: behind it are services that ask nobody who they are.
 */
export async function addressesOf(
  host: string,
  { allowPrivate }: { readonly allowPrivate: boolean },
): Promise<readonly [Address, ...Address[]]> {
  const [first, ...others] = await resolved(host.replace(/^\[|\]$/g, ''))
  if (first === undefined) throw new UserError(`${host} has no address`, { next: 'Correct the URL' })
  if (!allowPrivate && [first, ...others].some(({ address }) => !isPublic(address)))
    throw new UserError(`${host} is in a private network`, {
      next: 'An admin of the server may fetch from there: the same with --private',
    })
  return [first, ...others]
}

async function resolved(host: string): Promise<readonly Address[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family: family as 4 | 6 }]
  try {
    return (await lookup(host, { all: true })) as readonly Address[]
  } catch (cause) {
    throw new UserError(`${host} cannot be found`, { next: 'Correct the URL', cause })
  }
}

/** Whether the internet routes `address` to somebody, and that is not this machine. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 6 ? reserved6.check(address, 'ipv6') : reserved4.check(address, 'ipv4')) return false
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return !own.some((each) => each.address === address)
}

// Two lists: one takes an IPv4 address for the IPv6 one that stands for it.
const reserved4 = new BlockList()
const reserved6 = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  reserved4.addSubnet(network, prefix, 'ipv4')
// All that is not global unicast, and within that what leads back into IPv4 or to nobody.
for (const [network, prefix] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  reserved6.addSubnet(network, prefix, 'ipv6')
