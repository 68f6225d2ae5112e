import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { randomName } from './state/identifiers.ts'

/** Where DNS leads whoever types `host`. */
export type DomainCheck = {
  readonly host: string
  readonly addresses: readonly string[]
  /** Every visitor comes to this machine: one address that leads elsewhere takes its share of them. */
  readonly here: boolean
  /** Why there are no addresses: `ENOTFOUND` */
  readonly problem?: string
}

/** Addresses of a name, IPv4 and IPv6; rejects with the resolver's code where there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * Asks DNS for each of `hosts`, of a wildcard for any name below it. An address is here where it is one of this
 * machine's, or where names below `domain` lead too: behind a router of the network the machine does not have it itself.
 */
export async function checkDomains(
  hosts: readonly string[],
  { domain, resolve = askDns, own = ownAddresses() }: CheckOptions,
): Promise<readonly DomainCheck[]> {
  const look = async (host: string): Promise<Pick<DomainCheck, 'addresses' | 'problem'>> => {
    // Browsers and curl know these without DNS, and most resolvers do not.
    if (/(^|\.)localhost$/.test(host)) return { addresses: ['127.0.0.1'] }
    try {
      return { addresses: await resolve(host.replace(/^\*/, randomName(8))) }
    } catch (error) {
      return { addresses: [], problem: (error as NodeJS.ErrnoException).code ?? String(error) }
    }
  }
  const [base, ...found] = await Promise.all([`*.${domain}`, ...hosts].map(look))
  const ours = new Set([...own, ...(domain.endsWith('localhost') ? [] : (base?.addresses ?? []))])
  return found.map(({ addresses, problem }, index) => ({
    host: hosts[index] ?? '',
    addresses,
    here: addresses.length > 0 && addresses.every((address) => ours.has(address)),
    ...(problem === undefined ? {} : { problem }),
  }))
}

type CheckOptions = {
  /** PAAS_DOMAIN */
  readonly domain: string
  readonly resolve?: Resolve
  readonly own?: readonly string[]
}

const askDns: Resolve = async (host) => {
  const resolver = new Resolver({ timeout: 3_000, tries: 1 })
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const [first] = answers
  if (addresses.length === 0 && first?.status === 'rejected') throw first.reason
  return addresses
}

const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
