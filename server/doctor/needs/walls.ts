import { isLocalDocker } from '../../settings.ts'
import { wayAround } from '../../walls/way-around.ts'
import type { Need } from '../need.ts'

export default {
  order: 45,
  title: 'Walls',
  async look({ walls, engine, store, settings }, signal) {
    const open = 'apps and builds may reach this machine and its network'
    if (!isLocalDocker(settings.dockerHost))
      return {
        holds: false,
        saw: `${open}: Docker is on another machine, and walls stand on this one alone`,
        next: `Run the server on the machine of ${settings.dockerHost}, or let that reach no other`,
      }
    const { instanceId } = store
    const missing =
      (await walls.missing()) ??
      wayAround({
        instanceId,
        networks: await engine.networks.list({}, { signal }),
        containers: await engine.containers.list({ labels: { 'paas.instance': instanceId } }, { signal }),
      })
    if (missing === undefined)
      return { holds: true, saw: 'apps and builds reach neither this machine nor its network' }
    return { holds: false, saw: `${open}: ${missing.saw}`, next: missing.next }
  },
} satisfies Need
