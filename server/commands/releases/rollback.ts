import type { Command } from '../../command.ts'
import { rollback } from '../../deploy/rollback.ts'
import { parseVersion } from '../../version.ts'

export default {
  summary: 'Bring back image and config of an earlier release, as a new release, without a build',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'vN', looks: (word) => /^v?\d+$/.test(word) }],
  flags: { formation: { summary: 'Bring back its quantities too' } },
  aliases: ['rollback'],
  examples: ['rollback blog', 'rollback blog v12'],
  async run({ paas, app, words, flags, out, job }) {
    const version = words[0] === undefined ? undefined : parseVersion(words[0])
    const release = await rollback(paas, { ...job, version, formation: flags.has('formation') })
    out.result({ app: app.name, release: `v${release.version}`, description: release.description }, () =>
      out.step(`${release.description}; v${release.version} serves`),
    )
  },
} satisfies Command
