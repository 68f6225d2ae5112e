import { limitBuilds, unlimitedBy } from '../../brakes/limit-builds.ts'
import { isLocalDocker } from '../../settings.ts'
import type { Need } from '../need.ts'

export default {
  order: 46,
  title: 'Limits of builds',
  async look({ engine, settings }, signal) {
    const gap = isLocalDocker(settings.dockerHost)
      ? (unlimitedBy(await engine.machine({ signal })) ?? limitBuilds())
      : {
          saw: 'Docker is on another machine',
          next: `On the machine of ${settings.dockerHost}: see docs/resources.md`,
        }
    if (gap === undefined)
      return { holds: true, saw: 'all builds together have limits of memory, processes and CPU' }
    return { holds: false, saw: `builds may take all of the machine: ${gap.saw}`, next: gap.next }
  },
} satisfies Need
