import type { ContainerSummary } from '../docker/containers.ts'
import type { Network } from '../docker/networks.ts'
import { buildBridge } from './ruleset.ts'
import type { Gap } from './walls.ts'

/** Docker's own name of the network that its builds run in. */
const buildNetwork = 'bridge'

/**
 * What in Docker leads around walls that stand: they hold what comes from the bridges of our networks and from
 * Docker's default one, by name. undefined: nothing does.
 * @param containers this instance's
 */
export function wayAround(facts: {
  readonly instanceId: string
  readonly networks: readonly Network[]
  readonly containers: readonly Pick<ContainerSummary, 'name' | 'networks'>[]
}): Gap | undefined {
  const { instanceId, networks, containers } = facts
  const bridge = networks.find(({ name }) => name === buildNetwork)?.bridge
  if (bridge !== undefined && bridge !== buildBridge)
    return {
      saw: `Docker runs builds behind the bridge ${bridge}, and the walls stand around ${buildBridge}`,
      next: 'On the server: take "bridge" out of /etc/docker/daemon.json, and restart Docker',
    }
  const walled = new Set([buildNetwork, 'none'])
  for (const { name, labels } of networks) if (labels['paas.instance'] === instanceId) walled.add(name)
  for (const { name, networks: its } of containers)
    for (const network of its)
      if (!walled.has(network))
        return {
          saw: `${name} is in the network ${network} too, which is not ours`,
          next: `On the server: docker network disconnect ${network} ${name}`,
        }
  return undefined
}
