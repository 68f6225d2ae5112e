import type { Command } from '../../command.ts'
import { deployFacts } from '../../deploy/deploy-facts.ts'
import { appOfDeploy, deployArgument, findDeploy } from '../../deploy/find-deploy.ts'

export default {
  summary: 'Show one build: state, commit, release, how it ended; without a number the newest',
  right: 'view',
  app: 'required',
  appOf: appOfDeploy,
  arguments: [deployArgument],
  examples: ['builds:info 17', 'builds:info blog'],
  async run({ paas, app, words, out }) {
    const facts = deployFacts(paas, findDeploy(paas, app, words[0], 'push'))
    out.result(facts, () => {
      out.heading(`${app.name} build ${facts.number}`)
      out.table(
        ['Fact', 'Value'],
        Object.entries(facts).map(([name, value]) => [name, String(value ?? '')]),
      )
    })
  },
} satisfies Command
