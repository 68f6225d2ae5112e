import type { Command } from '../command.ts'
import { planUndo, undo } from '../deploy/undo.ts'

export default {
  summary: 'Take back the last change of config, scale, domains, links or release; once more makes it again',
  right: 'develop',
  plans: true,
  app: 'required',
  examples: ['undo blog --plan', 'undo blog'],
  async run({ paas, app, user, flags, out, job, planned }) {
    if (flags.has('plan')) {
      const plan = await planUndo(paas, app, user)
      planned(() => [`takes back ${plan.what}`, ...plan.lines])
    }
    const { what, lines, version } = await undo(paas, job, user)
    const release = version === null ? null : `v${version}`
    out.result({ app: app.name, takesBack: what, changes: lines, release }, () =>
      out.step(`Took back ${what}${release ? `; ${release} serves` : ''}`),
    )
  },
} satisfies Command
