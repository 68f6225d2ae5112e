import { existsSync, readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** Docker gives containers the second where the first names a resolver of the host's own. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** The addresses of the name servers that this machine asks. */
export function resolvers(files: readonly string[] = resolverFiles): readonly string[] {
  const lines = files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  const named = lines.flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
  return [...new Set(named)].filter((address) => isIP(address) !== 0)
}

/**
 * What has to be 1 and is not, for packets between two containers of one network to pass nftables: on IPv4, where
 * Docker asks the kernel for it when it starts, and on IPv6 where this machine speaks it.
 */
export function unseenBridged(root = '/proc'): readonly string[] {
  const names = ['iptables', ...(existsSync(join(root, 'net', 'if_inet6')) ? ['ip6tables'] : [])]
  return names
    .filter((name) => {
      const file = join(root, 'sys', 'net', 'bridge', `bridge-nf-call-${name}`)
      return !existsSync(file) || readFileSync(file, 'utf8').trim() !== '1'
    })
    .map((name) => `net.bridge.bridge-nf-call-${name}`)
}

/** The networks that this machine is in, as far as their numbers do not say already that they are private. */
export function localNetworks(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const networks = all.flatMap(({ address, family, cidr, internal }) =>
    internal || cidr === null || isPrivate.check(address, family === 'IPv4' ? 'ipv4' : 'ipv6') ? [] : [cidr],
  )
  return [...new Set(networks)].sort()
}

const isPrivate = new BlockList()
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const)
  isPrivate.addSubnet(address, bits)
isPrivate.addSubnet('fc00::', 7, 'ipv6')
isPrivate.addSubnet('fe80::', 10, 'ipv6')
