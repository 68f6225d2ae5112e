import { sizeText } from '../../command-line/size.ts'
import type { Need } from '../need.ts'

export default {
  order: 10,
  title: 'Docker',
  async look({ engine, settings }, signal) {
    const { version, cpus, memoryBytes, mapsUsers } = await engine.machine({ signal })
    return {
      holds: true,
      saw:
        `${version} answers on ${settings.dockerHost}: ${cpus} CPUs, ${sizeText(memoryBytes)}; ` +
        `userns-remap is ${mapsUsers ? 'on' : 'off'}`,
    }
  },
} satisfies Need
