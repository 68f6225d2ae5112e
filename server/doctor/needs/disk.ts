import { sizeText } from '../../command-line/size.ts'
import { freeSpace } from '../../disk/free-space.ts'
import type { Need } from '../need.ts'

export default {
  order: 40,
  title: 'Disk',
  async look(paas) {
    const { diskFloorBytes: floor } = paas.settings
    const disks = await freeSpace(paas)
    const words = disks.map(
      ({ what, path, freeBytes }) => `${sizeText(freeBytes)} free for ${what} (${path})`,
    )
    const holds = disks.every(({ freeBytes }) => freeBytes >= floor)
    const saw = `${words.join(', ')}; floor ${sizeText(floor)}`
    return holds ? { holds, saw } : { holds, saw, next: 'See what uses it with disk; free some with cleanup' }
  },
} satisfies Need
