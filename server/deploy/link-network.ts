import type { NetworkChoice } from '../docker/container-spec.ts'
import type { Paas } from '../paas.ts'
import type { AppLink } from '../state/app-links.ts'
import type { ReleaseAppLink } from '../state/releases.ts'
import { bridgeName, ensureSubnet, type NetworkParts } from './network.ts'

/** Where a link's name leads to: there the walls pass each connection on to one of the target's web processes. */
export const linkPort = 80

export const linkNetworkName = (linkId: string): string => `paas-link-${linkId}`

/** `BACK_END` -> `back-end.internal` */
export const linkHost = (alias: string): string => `${alias.toLowerCase().replaceAll('_', '-')}.internal`

/** What the environment of a linked app has: `API_URL`, `http://api.internal`. */
export const linkVariable = (alias: string): readonly [name: string, url: string] => [
  `${alias}_URL`,
  `http://${linkHost(alias)}`,
]

/** The address behind a link's name: the host's own in the link's network. */
export const linkAddress = (subnet: string): string => subnet.replace(/\.0\/23$/, '.1')

/** Where a web process of the target is in the link's network, by its address in its app's. */
export const targetAddress = (subnet: string, address: string): string =>
  subnet.replace(/0\/23$/, lastNumber(address))

/** The linked app's half of the link's network. */
export const sourceRange = (subnet: string): string => `${sourceAddress(subnet, '0')}/24`

function sourceAddress(subnet: string, address: string): string {
  const [first, second, third] = subnet.split('.')
  return [first, second, Number(third) + 1, lastNumber(address)].join('.')
}

const lastNumber = (address: string): string => address.split('.').at(-1) ?? ''

/** Makes sure that the link's own network is there. Without a way out: it leads to the other app alone. */
export async function ensureLinkNetwork(paas: NetworkParts, link: AppLink): Promise<string> {
  const { appLinks, instanceId } = paas.store
  return await ensureSubnet(paas, {
    name: linkNetworkName(link.id),
    bridge: bridgeName(link.id),
    labels: { 'paas.instance': instanceId, 'paas.app-id': link.appId, 'paas.link': link.id },
    internal: true,
    bits: 23,
    subnet: link.subnet,
    keep: (subnet) => appLinks.setSubnet(link.id, subnet),
  })
}

/** Makes sure that the networks of all links from and to the app are there. */
export async function ensureLinkNetworks(paas: NetworkParts, appId: string): Promise<void> {
  const { appLinks } = paas.store
  for (const { id } of [...appLinks.of(appId), ...appLinks.to(appId)]) {
    const link = appLinks.byId(id)
    if (!link) continue
    await ensureLinkNetwork(paas, link)
    // A link goes without the app's lock, once nothing needs it: then nobody else removes what was made here.
    if (!appLinks.byId(id)) await paas.engine.networks.remove(linkNetworkName(id))
  }
}

/** A link whose network was made. */
type LinkEnd = Pick<AppLink, 'id' | 'alias'> & { readonly subnet: string }

/** Which links a container is an end of. */
export type LinkEnds = {
  /** It finds others by these. */
  readonly from: readonly LinkEnd[]
  /** Others find it. */
  readonly to: readonly LinkEnd[]
}

/**
 * The ends of a container of this process type.
 * @param named what its release names; links that are gone by now are left out
 */
export function linkEnds(
  { store }: { readonly store: Pick<Paas['store'], 'appLinks'> },
  container: {
    readonly appId: string
    readonly process: string
    readonly named: readonly ReleaseAppLink[]
  },
): LinkEnds {
  const { appId, process, named } = container
  return {
    from: named.flatMap(({ id }) => made(store.appLinks.byId(id))),
    to: process === 'web' ? store.appLinks.to(appId).flatMap(made) : [],
  }
}

const made = (link: AppLink | undefined): readonly LinkEnd[] =>
  link?.subnet ? [{ id: link.id, alias: link.alias, subnet: link.subnet }] : []

type Joining = Pick<Extract<NetworkChoice, { name: string }>, 'hosts' | 'joins'>

/**
 * What Docker is told of them.
 * @param address in the app's network; undefined: Docker picks others
 */
export function joining({ from, to }: LinkEnds, address: string | undefined): Joining {
  return {
    hosts: Object.fromEntries(from.map(({ alias, subnet }) => [linkHost(alias), linkAddress(subnet)])),
    joins: [
      ...from.map(({ id, subnet }) => ({
        name: linkNetworkName(id),
        address: address && sourceAddress(subnet, address),
      })),
      ...to.map(({ id, subnet }) => ({
        name: linkNetworkName(id),
        address: address && targetAddress(subnet, address),
      })),
    ],
  }
}
