import type { Command } from '../../command.ts'
import { deployFacts } from '../../deploy/deploy-facts.ts'

export default {
  summary: 'Show what deploys do when their connection is lost, and which are under way',
  right: 'view',
  app: 'required',
  all: 'every',
  examples: ['deploys:report blog', 'deploys:report --all --json'],
  async run({ paas, app, out }) {
    const underWay = paas.jobs.of(app.id).flatMap(({ id }) => {
      const record = paas.store.journal.find(id)
      return record ? [deployFacts(paas, record)] : []
    })
    const facts = { app: app.name, 'on-disconnect': app.onDisconnect, underWay }
    out.result(facts, () => {
      out.table(
        ['Fact', 'Value'],
        [
          ['app', app.name],
          ['on-disconnect', app.onDisconnect],
          ...underWay.map(({ number, state, kind, who }) => [
            `deploy ${number}`,
            `${state}: ${kind} by ${who}`,
          ]),
        ],
      )
    })
  },
} satisfies Command
