import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'

export default {
  summary: "List an app's releases, newest first",
  right: 'view',
  app: 'required',
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  examples: ['releases blog', 'releases blog -n 50'],
  async run({ paas, app, flags, out }) {
    const limit = Number(flags.value('num') ?? '15')
    if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--num is not a whole number from 1')
    const releases = paas.store.releases.list(app.id, limit).map((release) => ({
      version: `v${release.version}`,
      current: release.version === app.release,
      description: release.description,
      who: release.createdBy,
      at: release.createdAt,
      commit: release.commit,
    }))
    out.result(releases, () => {
      out.heading(`${app.name} releases`)
      out.table(
        ['Release', '', 'Description', 'By', 'At'],
        releases.map((release) => [
          release.version,
          release.current ? '*' : '',
          release.description,
          release.who,
          release.at,
        ]),
      )
    })
  },
} satisfies Command
