import { visibleApps } from '../../access.ts'
import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import { type DeployFacts, deployFacts } from '../../deploy/deploy-facts.ts'

export default {
  summary: 'List what waits, runs and has ended, newest first: of one app, or of all that you see',
  right: 'anyone',
  app: 'optional',
  flags: { num: { short: 'n', value: 'N', summary: 'How many; 15 without' } },
  aliases: ['deploys:list'],
  examples: ['deploys', 'deploys blog -n 50'],
  async run({ paas, user, appIfAny, flags, out }) {
    const count = countOf(flags, 15)
    const apps = appIfAny ? [appIfAny] : visibleApps(paas.store, user)
    const deploys = apps
      .flatMap((app) => paas.store.journal.of(app.id, count))
      .sort((a, b) => b.id - a.id)
      .slice(0, count)
      .map((record) => deployFacts(paas, record))
    out.result(deploys, () => {
      out.heading(appIfAny ? `${appIfAny.name} deploys` : 'Deploys')
      out.table(
        ['Deploy', 'App', 'Kind', 'State', '', 'By', 'Since'],
        deploys.map((deploy) => [
          String(deploy.number),
          deploy.app,
          deploy.kind,
          deploy.state,
          detailOf(deploy),
          deploy.who,
          deploy.since.slice(0, 19),
        ]),
      )
    })
  },
} satisfies Command

/** What is done or waited for, what came of it, or why nothing did. */
function detailOf({ state, doing, release, message }: DeployFacts): string {
  if (state === 'waiting' || state === 'running') return doing
  return (state === 'succeeded' ? release : message?.split('\n')[0]?.slice(0, 60)) ?? ''
}
