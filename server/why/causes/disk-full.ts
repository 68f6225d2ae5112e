import { sizeText } from '../../command-line/size.ts'
import { fullDisk } from '../../disk/free-space.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 32,
  looksAt: 'whether the disk is full',
  async look({ paas }) {
    const full = await fullDisk(paas)
    if (!full) return []
    const { what, path, freeBytes } = full
    return [
      {
        what: `Only ${sizeText(freeBytes)} of the disk are free for ${what} (${path}): nothing is built or received below ${sizeText(paas.settings.diskFloorBytes)}`,
        next: 'cleanup --plan',
        facts: { path, freeBytes, floorBytes: paas.settings.diskFloorBytes },
      },
    ]
  },
} satisfies Cause
