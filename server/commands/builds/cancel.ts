import type { Command } from '../../command.ts'
import { cancel } from '../../deploy/cancel.ts'
import { appOfDeploy, deployArgument, findDeploy } from '../../deploy/find-deploy.ts'

export default {
  summary: 'End a build that waits or runs, and undo it; without a number the one under way',
  right: 'develop',
  plans: true,
  app: 'required',
  appOf: appOfDeploy,
  arguments: [deployArgument],
  examples: ['builds:cancel 17', 'builds:cancel blog'],
  async run({ paas, app, words, user, out, planned }) {
    const build = findDeploy(paas, app, words[0], 'push')
    planned(() => [`Build ${build.id} (build of ${build.who}) is cancelled`])
    await cancel(paas, build, user.name)
    out.result({ app: app.name, build: build.id, state: 'cancelled' }, () =>
      out.step(`Build ${build.id} is cancelled; nothing of it is left`),
    )
  },
} satisfies Command
