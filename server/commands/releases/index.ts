import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'

export default {
  summary: "List an app's releases, newest first",
  right: 'view',
  app: 'required',
  aliases: ['releases:list'],
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  examples: ['releases blog', 'releases blog -n 50'],
  async run({ paas, app, flags, out }) {
    const releases = paas.store.releases.list(app.id, countOf(flags, 15)).map((release) => ({
      version: `v${release.version}`,
      current: release.version === app.release,
      description: release.description,
      who: release.createdBy,
      at: release.createdAt,
      commit: release.commit,
      imageGone: release.imageGone,
      died: release.died,
    }))
    out.result(releases, () => {
      out.heading(`${app.name} releases`)
      out.table(
        ['Release', '', 'Description', 'By', 'At'],
        releases.map((release) => [
          release.version,
          release.current ? '*' : '',
          `${release.description}${fateOf(release)}`,
          release.who,
          `${release.at.slice(0, 19)}Z`,
        ]),
      )
    })
  },
} satisfies Command

const fateOf = ({ imageGone, died }: { imageGone: boolean; died: boolean }): string =>
  `${died ? ' (died)' : ''}${imageGone ? ' (image gone)' : ''}`
