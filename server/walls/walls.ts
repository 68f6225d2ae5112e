import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { linkAddress, linkPort, sourceRange, targetAddress } from '../deploy/link-network.ts'
import { bridgeName } from '../deploy/network.ts'
import { describe, UnavailableError } from '../errors.ts'
import type { ServiceKind } from '../services/service-kind.ts'
import type { Settings } from '../settings.ts'
import type { Container } from '../state/containers.ts'
import type { Link } from '../state/links.ts'
import type { Store } from '../state/store.ts'
import { listTable, loadRules } from './nft.ts'
import { type Door, type LinkFacts, ruleset, wallsTable } from './ruleset.ts'
import { localNetworks, resolvers, unseenBridged } from './surroundings.ts'

/** So long a wall that somebody took down can be missing. */
const lookMs = 2_000
/** A database's host name may come to mean another address. */
const addressMs = 60_000

/** What is missing of the walls, and what to type. */
export type Gap = { readonly saw: string; readonly next: string }

type Parts = {
  readonly store: Store
  readonly kinds: ReadonlyMap<string, ServiceKind>
  readonly settings: Pick<Settings, 'reachable' | 'httpPort' | 'httpsPort'>
  /** A live container that answers. */
  readonly isProved: (name: string) => boolean
  readonly log: (line: string) => void
  readonly closing: AbortSignal
}

/**
 * Keeps apps, one-off containers and builds from the host, from each other and from the local network, in an nftables
 * table of this instance's own. The table outlives the server, as the apps do.
 */
export class Walls {
  readonly #parts: Parts
  readonly #table: string
  /** What was put, and how the kernel lists it. */
  #standing: { readonly rules: string; readonly listed: string | undefined } | undefined
  /** They could be put here once. */
  #stood = false
  /** Why they could not be put the last time. */
  #failure: Gap | undefined
  #recovered = false
  #turn: Promise<void> = Promise.resolve()
  /** Of releases, which never change. */
  readonly #ports = new Map<string, number>()
  readonly #addresses = new Map<string, { readonly at: number; readonly found: readonly string[] }>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#table = wallsTable(parts.store.instanceId)
  }

  /**
   * The walls stand as the store says when this returns: around each app that there is, with a door to each database
   * and a way to each app that it is linked to. Where they never stood (no nftables, no root) it is said once, in the log and by `doctor`;
   * where they did, `UnavailableError` is thrown.
   */
  raise(): Promise<void> {
    return this.#inTurn(async () => this.#put(ruleset(await this.#facts())))
  }

  /** What an earlier process left is ended: from now on links lead to what is proved, not to all that should run. */
  async recovered(): Promise<void> {
    this.#recovered = true
    await this.raise()
  }

  /** Looks every 2 s whether they stand as they were put, and puts them back where not, until the server closes. */
  async watch(): Promise<void> {
    const { closing, log } = this.#parts
    let told: string | undefined
    while (!closing.aborted) {
      await wait(lookMs, undefined, { signal: closing, ref: false }).catch(() => {})
      if (closing.aborted) return
      try {
        await this.#inTurn(() => this.#mend())
        told = undefined
      } catch (error) {
        if (describe(error) !== told) log(`Walls: ${describe(error)}`)
        told = describe(error)
      }
    }
  }

  /** undefined: they stand. Else what is missing. */
  async missing(): Promise<Gap | undefined> {
    const { store } = this.#parts
    return (store.appLinks.all().length > 0 ? unseen() : undefined) ?? (await this.#fallen())
  }

  /** undefined: they can keep links to what they are for. Else what is missing. */
  async missingForLinks(): Promise<Gap | undefined> {
    return unseen() ?? (await this.#fallen())
  }

  #fallen(): Promise<Gap | undefined> {
    return this.#inTurn(async () => {
      const failure = this.#failure
      try {
        const listed = await listTable(this.#table)
        if (listed !== undefined && listed === this.#standing?.listed) return undefined
        const saw = `the table ${this.#table} is ${listed === undefined ? 'not there' : 'not as it was put'}`
        if (failure) return { saw: `${saw} and cannot be put back: ${failure.saw}`, next: failure.next }
        return {
          saw: `${saw}; it is put back within ${lookMs / 1000} s`,
          next: 'Look once more: doctor. Who takes it down is told, as root, on the server, by: nft monitor',
        }
      } catch (error) {
        if (error instanceof UnavailableError) return gapOf(error)
        throw error
      }
    })
  }

  async #mend(): Promise<void> {
    const rules = ruleset(await this.#facts())
    const before = this.#standing
    if (before && (await listTable(this.#table)) !== before.listed) {
      this.#parts.log(`The table ${this.#table} was changed from outside: it is put back`)
      this.#standing = undefined
    }
    await this.#put(rules)
  }

  async #put(rules: string): Promise<void> {
    if (rules === this.#standing?.rules) return
    try {
      await loadRules(rules)
      this.#standing = { rules, listed: await listTable(this.#table) }
      this.#stood = true
      this.#failure = undefined
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      const known = this.#failure?.saw
      this.#failure = gapOf(error)
      // Where they never stood, apps run without them.
      if (this.#stood) throw error
      if (error.message !== known) this.#parts.log(`Apps and builds are not walled in: ${error.message}`)
    }
  }

  async #facts(): Promise<Parameters<typeof ruleset>[0]> {
    const { store, settings } = this.#parts
    return {
      instanceId: store.instanceId,
      bridges: store.apps.list().map((app) => bridgeName(app.id)),
      doors: await this.#doors(),
      links: this.#links(),
      publicPorts: [settings.httpPort, settings.httpsPort],
      resolvers: resolvers(),
      reachable: settings.reachable,
      localNetworks: localNetworks(),
    }
  }

  #links(): readonly LinkFacts[] {
    return this.#parts.store.appLinks.all().flatMap(({ id, targetId, subnet }) =>
      subnet === null
        ? []
        : [
            {
              bridge: bridgeName(id),
              address: linkAddress(subnet),
              port: linkPort,
              from: sourceRange(subnet),
              backends: this.#webOf(targetId).flatMap(({ address, version }) => {
                const port = this.#portOf(targetId, version)
                return port === undefined ? [] : [{ address: targetAddress(subnet, address), port }]
              }),
            },
          ],
    )
  }

  #webOf(appId: string): readonly Container[] {
    const { store, isProved } = this.#parts
    return store.containers
      .of(appId, 'live')
      .filter(({ name, process }) => process === 'web' && (!this.#recovered || isProved(name)))
  }

  #portOf(appId: string, version: number): number | undefined {
    const key = `${appId}/${version}`
    const port = this.#ports.get(key) ?? this.#parts.store.releases.find(appId, version)?.port
    if (port !== undefined) this.#ports.set(key, port)
    return port
  }

  async #doors(): Promise<readonly Door[]> {
    const doors = this.#parts.store.links.all().map(async (link) => {
      const to = this.#addressFor(link)
      const addresses = to ? await this.#addressesOf(to.host) : []
      return addresses.map((address) => ({
        bridge: bridgeName(link.appId),
        address,
        port: to?.port ?? 0,
      }))
    })
    return (await Promise.all(doors)).flat()
  }

  /** undefined: its server never started here, so nothing waits behind that door. */
  #addressFor(link: Link): { readonly host: string; readonly port: number } | undefined {
    const { store, kinds } = this.#parts
    try {
      return kinds.get(store.services.byId(link.serviceId)?.kind ?? '')?.address(link)
    } catch (error) {
      if (error instanceof UnavailableError) return undefined
      throw error
    }
  }

  /** A name that is not found keeps the addresses that it had. */
  async #addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host]
    const known = this.#addresses.get(host)
    if (known && Date.now() - known.at < addressMs) return known.found
    const found = await lookup(host, { all: true }).then(
      (all) => all.map(({ address }) => address).sort(),
      () => known?.found ?? [],
    )
    this.#addresses.set(host, { at: Date.now(), found })
    return found
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.then(
      () => {},
      () => {},
    )
    return turn
  }
}

const gapOf = ({ message, next }: UnavailableError): Gap => ({
  saw: message,
  next: next ?? 'See what there is, as root, on the server: nft list ruleset',
})

function unseen(): Gap | undefined {
  const settings = unseenBridged()
  if (settings.length === 0) return undefined
  return {
    saw: `packets within a network pass them by (${settings.join(' and ')} not 1)`,
    next: `As root, on the server: modprobe br_netfilter, then sysctl -w ${settings.map((each) => `${each}=1`).join(' ')}`,
  }
}
