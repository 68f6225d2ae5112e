import type { Command } from '../../command.ts'
import { planRollback, rollback } from '../../deploy/rollback.ts'
import { parseVersion } from '../../version.ts'

export default {
  summary: 'Bring back image and config of an earlier release, as a new release, without a build',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'vN', looks: (word) => /^v?\d+$/.test(word) }],
  flags: {
    formation: { summary: 'Bring back its quantities too' },
    plan: { summary: 'Say what would change, and change nothing' },
  },
  aliases: ['rollback'],
  examples: ['rollback blog', 'rollback blog v12', 'rollback blog v12 --plan'],
  async run({ paas, app, words, flags, out, job }) {
    const version = words[0] === undefined ? undefined : parseVersion(words[0])
    const request = { ...job, version, formation: flags.has('formation') }
    if (flags.has('plan')) {
      const { target, lines } = await planRollback(paas, app, request)
      out.result({ app: app.name, plan: true, to: `v${target.version}`, changes: lines }, () => {
        out.step(`Would bring back v${target.version} (${target.description}) as a new release`)
        for (const line of lines) out.detail(line)
      })
      return
    }
    const { release, lines } = await rollback(paas, request)
    const facts = { app: app.name, release: `v${release.version}`, description: release.description }
    out.result({ ...facts, changes: lines }, () =>
      out.step(`${release.description}; v${release.version} serves`),
    )
  },
} satisfies Command
