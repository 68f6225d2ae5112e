import { isIP } from 'node:net'
import type { Reachable } from './reachable.ts'

/** What the walls are made from. */
export type WallFacts = {
  readonly instanceId: string
  /** Names of the bridges of our apps' networks. */
  readonly bridges: readonly string[]
  /** What one app alone may reach: the database that it is linked to. */
  readonly doors: readonly Door[]
  readonly links: readonly LinkFacts[]
  /** Where the router listens: on these it is open to everybody, so to an app that calls a public URL of this machine. */
  readonly publicPorts: readonly number[]
  /** Name servers of this machine, which containers ask too. */
  readonly resolvers: readonly string[]
  readonly reachable: readonly Reachable[]
  /** Networks that this machine is in and that are not private by their number: `192.0.2.0/24`. */
  readonly localNetworks: readonly string[]
}

/** An address and port that the containers behind one bridge may open. */
export type Door = { readonly bridge: string; readonly address: string; readonly port: number }

/** A network that two apps are in: connections to its name go on to one of the backends, and nothing else goes. */
export type LinkFacts = {
  readonly bridge: string
  /** What its name stands for: the host's own address there. */
  readonly address: string
  readonly port: number
  /** Who may call it: `10.7.3.0/24`. */
  readonly from: string
  /** Web processes of the app behind the name. */
  readonly backends: readonly { readonly address: string; readonly port: number }[]
}

export const wallsTable = (instanceId: string): string => `inet paas-${instanceId}-walls`

/** Where Docker runs the steps of builds, whoever's they are. */
export const buildBridge = 'docker0'

/** Says to the walls of the other instances: one of us lets this packet of a build through. */
const mark = '0x08000000'

/** Private, link-local, reserved and cloud-internal addresses: RFC 6890, and Azure's 168.63.129.16. */
const closed4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
]
const closed6 = [
  // What stands for an IPv4 address counts as that could: mapped, NAT64, 6to4.
  ...['::/127', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'ff00::/8'],
]

/**
 * The table that keeps containers and builds from the host, from each other's networks and from the local network,
 * for `nft -f`: it replaces the one before as a whole, in one step. Apps stand in sets: a packet costs the same with
 * 200 of them. Whatever is not ours passes untouched; what another table drops stays dropped.
 */
export function ruleset(facts: WallFacts): string {
  const { bridges, doors, links, publicPorts, resolvers, reachable, localNetworks } = facts
  const table = wallsTable(facts.instanceId)
  const doorsOf = (family: 4 | 6): readonly string[] =>
    doors
      .filter(({ address }) => isIP(address) === family)
      .map(({ bridge, address, port }) => `"${bridge}" . ${address} . ${port}`)
  const openOf = (family: 4 | 6): readonly string[] =>
    reachable
      .filter((each) => each.family === family)
      .map(({ addresses, port }) => `${addresses} . ${port ?? '0-65535'}`)
  return `add table ${table}
delete table ${table}
table ${table} {
${[
  set(
    'apps',
    'ifname',
    bridges.map((bridge) => `"${bridge}"`),
  ),
  set(
    'inside',
    'ifname . ifname',
    bridges.map((bridge) => `"${bridge}" . "${bridge}"`),
  ),
  set(
    'links',
    'ifname',
    links.map(({ bridge }) => `"${bridge}"`),
  ),
  set('doors4', 'ifname . ipv4_addr . inet_service', doorsOf(4)),
  set('doors6', 'ifname . ipv6_addr . inet_service', doorsOf(6)),
  set('public', 'inet_service', publicPorts.map(String)),
  set(
    'resolvers4',
    'ipv4_addr',
    resolvers.filter((address) => isIP(address) === 4),
  ),
  set(
    'resolvers6',
    'ipv6_addr',
    resolvers.filter((address) => isIP(address) === 6),
  ),
  set('open4', 'ipv4_addr . inet_service; flags interval', openOf(4)),
  set('open6', 'ipv6_addr . inet_service; flags interval', openOf(6)),
  set('closed4', 'ipv4_addr; flags interval; auto-merge', [...closed4, ...localNetworks.filter(isFour)]),
  set('closed6', 'ipv6_addr; flags interval; auto-merge', [...closed6, ...localNetworks.filter(isSix)]),
].join('\n')}
${links.map(linkChain).join('')}  map link_of { type ifname . ipv4_addr . inet_service : verdict${content(
    links.map(({ bridge, address, port }) => `"${bridge}" . ${address} . ${port} : jump ${chainOf(bridge)}`),
  )}; }
  chain allowed {
    meta l4proto { tcp, udp } th dport 53 ip daddr @resolvers4 accept
    meta l4proto { tcp, udp } th dport 53 ip6 daddr @resolvers6 accept
    iifname . ip daddr . tcp dport @doors4 accept
    iifname . ip6 daddr . tcp dport @doors6 accept
    meta l4proto { tcp, udp } ip daddr . th dport @open4 accept
    meta l4proto { tcp, udp } ip6 daddr . th dport @open6 accept
    iifname "${buildBridge}" meta mark & ${mark} == ${mark} accept
  }
  chain to_host {
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    jump allowed
    tcp dport @public accept
    reject with icmpx admin-prohibited
  }
  chain to_others {
    ct state established,related accept
    iifname . oifname @inside accept
    jump allowed
    ip daddr @closed4 reject with icmpx admin-prohibited
    ip6 daddr @closed6 reject with icmpx admin-prohibited
  }
  chain from_build {
    meta l4proto { tcp, udp } ip daddr . th dport @open4 meta mark set meta mark | ${mark}
    meta l4proto { tcp, udp } ip6 daddr . th dport @open6 meta mark set meta mark | ${mark}
  }
  chain from_link {
    ct state established,related accept
    oifname @links ct status dnat accept
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain to_link {
    type nat hook prerouting priority dstnat - 10; policy accept;
    iifname . ip daddr . tcp dport vmap @link_of
  }
  chain back_from_link {
    type nat hook postrouting priority srcnat - 10; policy accept;
    oifname @links ct status dnat masquerade
  }
  chain link_to_host {
    ct state established,related accept
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain mark_input {
    type filter hook input priority filter - 20; policy accept;
    iifname "${buildBridge}" tcp dport @public meta mark set meta mark | ${mark}
    iifname "${buildBridge}" jump from_build
  }
  chain mark_forward {
    type filter hook forward priority filter - 20; policy accept;
    iifname "${buildBridge}" jump from_build
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iifname "${buildBridge}" goto to_host
    iifname @links goto link_to_host
    iifname @apps goto to_host
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    iifname @links goto from_link
    oifname @links reject with icmpx admin-prohibited
    iifname "${buildBridge}" goto to_others
    iifname @apps goto to_others
    oifname @apps ct state new reject with icmpx admin-prohibited
  }
}
`
}

function set(name: string, type: string, elements: readonly string[]): string {
  return `  set ${name} { type ${type}${content(elements)}; }`
}

const content = (elements: readonly string[]): string =>
  elements.length === 0 ? '' : `; elements = { ${[...new Set(elements)].sort().join(', ')} }`

/** Each new connection to the next backend; where there is none, and whoever else asks, is refused by the host. */
function linkChain({ bridge, from, backends }: LinkFacts): string {
  const places = backends.map(({ address, port }, index) => `${index} : ${address} . ${port}`)
  const rule =
    places.length === 0
      ? ''
      : `    ip saddr ${from} meta l4proto tcp dnat ip to numgen inc mod ${places.length} map { ${places.join(', ')} }\n`
  return `  chain ${chainOf(bridge)} {\n${rule}  }\n`
}

const chainOf = (bridge: string): string => `link_${bridge.replaceAll('-', '_')}`

const isFour = (network: string): boolean => isIP(network.split('/')[0] ?? '') === 4
const isSix = (network: string): boolean => isIP(network.split('/')[0] ?? '') === 6
