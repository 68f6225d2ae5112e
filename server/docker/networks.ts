import type { CallOptions, Client } from './client.ts'
import { ConflictError, NetworkOverlapError, NotFoundError } from './engine-errors.ts'
import { labelFilter } from './images.ts'
import { join } from './join.ts'

/** A network as the engine has it, ours or another's. */
export type Network = {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly subnets: readonly string[]
  /** Of its bridge on the engine's host, where it was given one. */
  readonly bridge: string | undefined
}

/** An app's own network. */
export type NetworkSpec = {
  readonly name: string
  /** Name of the bridge on the host, at most 15 characters. */
  readonly bridge: string
  /** Such as `10.7.3.0/24`. */
  readonly subnet: string
  readonly gateway: string
  /** Where Docker itself picks addresses; static ones lie outside. Such as `10.7.3.192/26`. */
  readonly dynamicRange: string
  readonly labels: Readonly<Record<string, string>>
  /** Without a way out of the host. */
  readonly internal?: boolean | undefined
}

/** The networks of one engine. */
export class Networks {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** All, or those that carry every one of `labels`. */
  async list(
    filter: { labels?: Readonly<Record<string, string>> } = {},
    options: CallOptions = {},
  ): Promise<Network[]> {
    const filters = filter.labels === undefined ? {} : { label: labelFilter(filter.labels) }
    const networks = await this.#client.call('listing networks', options, (abortSignal) =>
      this.#client.docker.listNetworks({ filters, abortSignal }),
    )
    return networks.map((network) => ({
      id: network.Id,
      name: network.Name,
      labels: network.Labels ?? {},
      bridge: network.Options?.['com.docker.network.bridge.name'],
      subnets: (network.IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet === undefined ? [] : [Subnet])),
    }))
  }

  async exists(name: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.list({}, options)).some((network) => network.name === name)
  }

  /** Throws `NetworkOverlapError` where subnet or bridge are in use, `ConflictError` where the name is. */
  async create(spec: NetworkSpec, options: CallOptions = {}): Promise<{ id: string }> {
    if (spec.bridge.length > 15)
      throw new RangeError(`The bridge name ${spec.bridge} is longer than 15 characters`)
    try {
      const network = await this.#client.call('making the network', options, (abortSignal) =>
        this.#client.docker.createNetwork({
          Name: spec.name,
          Driver: 'bridge',
          CheckDuplicate: true,
          Internal: spec.internal === true,
          Labels: { ...spec.labels },
          IPAM: {
            Driver: 'default',
            Config: [{ Subnet: spec.subnet, Gateway: spec.gateway, IPRange: spec.dynamicRange }],
          },
          Options: { 'com.docker.network.bridge.name': spec.bridge },
          abortSignal,
        }),
      )
      return { id: network.id }
    } catch (error) {
      throw overlap(error)
    }
  }

  /** Puts a container into the network; see `join`. */
  join(
    network: string,
    container: string,
    address: string | undefined,
    options?: CallOptions,
  ): Promise<void> {
    return join(this.#client, { network, container, address }, options)
  }

  /** The container is out of the network when this returns, also where it was before or either is gone. */
  async leave(network: string, container: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#client.call('leaving the network', options, (abortSignal) =>
        this.#client.docker
          .getNetwork(network)
          .disconnect({ Container: container, Force: true, abortSignal }),
      )
    } catch (error) {
      if (error instanceof NotFoundError) return
      if (!(error instanceof Error && /is not connected to/.test(error.message))) throw error
    }
  }

  /** Gone when this returns, also where it was before; `ConflictError` while containers are in it. */
  async remove(name: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#client.call('removing the network', options, (abortSignal) =>
        this.#client.docker.getNetwork(name).remove({ abortSignal }),
      )
    } catch (error) {
      if (error instanceof NotFoundError) return
      if (error instanceof Error && /has active endpoints/.test(error.message)) {
        throw new ConflictError(error.message, { cause: error })
      }
      throw error
    }
  }
}

function overlap(error: unknown): unknown {
  return error instanceof Error && /overlaps|same bridge name/.test(error.message)
    ? new NetworkOverlapError(error.message, { cause: error })
    : error
}
