import type { Command } from '../../command.ts'
import { cancel } from '../../deploy/cancel.ts'
import { appOfDeploy, deployArgument, findDeploy } from '../../deploy/find-deploy.ts'

export default {
  summary: 'End a deploy that waits or runs, and undo it; without a number the one under way',
  right: 'develop',
  plans: true,
  app: 'required',
  appOf: appOfDeploy,
  arguments: [deployArgument],
  examples: ['deploys:cancel 17', 'deploys:cancel blog'],
  async run({ paas, app, words, user, out, planned }) {
    const deploy = findDeploy(paas, app, words[0])
    planned(() => [`Deploy ${deploy.id} (deploy of ${deploy.who}) is cancelled`])
    await cancel(paas, deploy, user.name)
    out.result({ app: app.name, deploy: deploy.id, state: 'cancelled' }, () =>
      out.step(`Deploy ${deploy.id} is cancelled; nothing of it is left`),
    )
  },
} satisfies Command
