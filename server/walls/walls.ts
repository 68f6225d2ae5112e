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
import { localNetworks, resolvers, seesBridged } from './surroundings.ts'

/** So long a wall that somebody took down can be missing. */
const lookMs = 2_000
/** A database's host name may come to mean another address. */
const addressMs = 60_000

const bridgedUnseen = 'packets within a network pass them by (net.bridge.bridge-nf-call-iptables is not 1)'

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
  /** Why they cannot be put here; undefined where they could. */
  #missing: string | undefined = 'they were not put up yet'
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

  /** Looks every 2 s whether they stand as they were put, and puts them back where not, until the server closes. */
  async watch(): Promise<void> {
    const { closing, log } = this.#parts
    while (!closing.aborted) {
      await wait(lookMs, undefined, { signal: closing, ref: false }).catch(() => {})
      if (closing.aborted) return
      await this.#inTurn(() => this.#mend()).catch((error: unknown) => log(`Walls: ${describe(error)}`))
    }
  }

  /** undefined: they stand. Else what is missing. */
  async missing(): Promise<string | undefined> {
    if (this.#missing !== undefined) return this.#missing
    if (this.#parts.store.appLinks.all().length > 0 && !seesBridged()) return bridgedUnseen
    return await this.#inTurn(async () => {
      const listed = await listTable(this.#table)
      return listed === this.#standing?.listed ? undefined : `the table ${this.#table} is not as it was put`
    })
  }

  /** undefined: they can keep links to what they are for. Else what is missing. */
  async missingForLinks(): Promise<string | undefined> {
    return seesBridged() ? await this.missing() : bridgedUnseen
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
      this.#missing = undefined
    } catch (error) {
      const stood = this.#missing === undefined
      const reason = describe(error)
      if (reason !== this.#missing) this.#parts.log(`Apps and builds are not walled in: ${reason}`)
      if (stood) throw error
      this.#missing = reason
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

  /** Those that are routed to. When the server has just started, none is proved yet: then those that should run. */
  #webOf(appId: string): readonly Container[] {
    const { store, isProved } = this.#parts
    const live = store.containers
      .of(appId, 'live')
      .filter(({ process, crashed }) => process === 'web' && crashed === null)
    const proved = live.filter(({ name }) => isProved(name))
    return proved.length > 0 ? proved : live
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
