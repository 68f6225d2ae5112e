import type { Command } from '../command.ts'
import { sizeText } from '../command-line/size.ts'
import { buildCache, leftOvers } from '../disk/left-overs.ts'

export default {
  summary: 'Remove what is ours and nothing needs: images no longer kept, files of apps that are gone',
  right: 'admin',
  plans: true,
  app: 'none',
  frees: true,
  flags: {
    'build-cache': { summary: "Docker's build cache too, of everybody who builds here" },
  },
  examples: ['cleanup --plan', 'cleanup', 'cleanup --build-cache'],
  async run({ paas, flags, out, planned }) {
    const found = [...(await leftOvers(paas)), ...(flags.has('build-cache') ? [await buildCache(paas)] : [])]
    planned(() => found.map(({ what, bytes }) => `removes ${what}: ${sizeText(bytes)}`), {
      bytes: found.reduce((sum, each) => sum + each.bytes, 0),
      leftOvers: found.map(({ what, bytes }) => ({ what, bytes })),
    })
    const told: { what: string; bytes: number; removed: boolean }[] = []
    for (const { what, bytes, remove } of found) {
      const removed = await remove()
      told.push({ what, bytes, removed })
      if (removed) out.step(`Removed ${what}: ${sizeText(bytes)}`)
      else out.trouble(`${what}: a container still uses it`)
    }
    const bytes = told.reduce((sum, each) => sum + (each.removed ? each.bytes : 0), 0)
    out.result({ bytes, leftOvers: told }, () => {
      if (told.length === 0) out.line('There is nothing to remove')
      else out.line(`${sizeText(bytes)} are freed`)
    })
  },
} satisfies Command
