import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import { deployFacts } from '../../deploy/deploy-facts.ts'

export default {
  summary: "List an app's builds, newest first: one for each push and rebuild",
  right: 'view',
  app: 'required',
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  aliases: ['builds:list'],
  examples: ['builds blog', 'builds blog -n 50'],
  async run({ paas, app, flags, out }) {
    const builds = paas.store.journal
      .of(app.id, countOf(flags, 15), 'push')
      .map((record) => deployFacts(paas, record))
    out.result(builds, () => {
      out.heading(`${app.name} builds`)
      out.table(
        ['Build', 'State', 'Commit', 'Release', 'By', 'At'],
        builds.map((build) => [
          String(build.number),
          build.state,
          build.commit?.slice(0, 8) ?? '',
          build.release ?? '',
          build.who,
          build.since.slice(0, 19),
        ]),
      )
    })
  },
} satisfies Command
