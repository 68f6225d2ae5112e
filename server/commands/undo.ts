import type { Command } from '../command.ts'
import { planUndo, undo } from '../deploy/undo.ts'

export default {
  summary: 'Take back the last change of config, scale, domains or release; once more makes it again',
  right: 'develop',
  app: 'required',
  flags: { plan: { summary: 'Say what would be taken back, and change nothing' } },
  examples: ['undo blog --plan', 'undo blog'],
  async run({ paas, app, flags, out, job }) {
    if (flags.has('plan')) {
      const { what, lines } = await planUndo(paas, app)
      out.result({ app: app.name, plan: true, takesBack: what, changes: lines }, () => {
        out.step(`Would take back ${what}`)
        for (const line of lines) out.detail(line)
      })
      return
    }
    const { what, lines, version } = await undo(paas, job)
    const release = version === null ? null : `v${version}`
    out.result({ app: app.name, takesBack: what, changes: lines, release }, () =>
      out.step(`Took back ${what}${release ? `; ${release} serves` : ''}`),
    )
  },
} satisfies Command
