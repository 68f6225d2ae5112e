import type { Command } from '../command.ts'
import { sizeText } from '../command-line/size.ts'
import { buildCache, leftOvers } from '../disk/left-overs.ts'

export default {
  summary: 'Remove what is ours and nothing needs: images no longer kept, files of apps that are gone',
  right: 'admin',
  app: 'none',
  frees: true,
  flags: {
    plan: { summary: 'Say what would go, and remove nothing' },
    'build-cache': { summary: "Docker's build cache too, of everybody who builds here" },
  },
  examples: ['cleanup --plan', 'cleanup', 'cleanup --build-cache'],
  async run({ paas, flags, out }) {
    const found = [...(await leftOvers(paas)), ...(flags.has('build-cache') ? [await buildCache(paas)] : [])]
    const plan = flags.has('plan')
    const told: { what: string; bytes: number; removed: boolean }[] = []
    for (const { what, bytes, remove } of found) {
      const removed = !plan && (await remove())
      told.push({ what, bytes, removed })
      if (plan) out.step(`Would remove ${what}: ${sizeText(bytes)}`)
      else if (removed) out.step(`Removed ${what}: ${sizeText(bytes)}`)
      else out.trouble(`${what}: a container still uses it`)
    }
    const bytes = told.reduce((sum, each) => sum + (plan || each.removed ? each.bytes : 0), 0)
    out.result({ plan, bytes, leftOvers: told }, () => {
      if (told.length === 0) out.line('There is nothing to remove')
      else out.line(`${sizeText(bytes)} ${plan ? 'would be' : 'are'} freed`)
    })
  },
} satisfies Command
