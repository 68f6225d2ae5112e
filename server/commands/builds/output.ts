import type { Command } from '../../command.ts'
import { appOfDeploy, deployArgument, findDeploy } from '../../deploy/find-deploy.ts'
import { printKept } from '../../outputs/print-kept.ts'

export default {
  summary: 'Show what a build printed, also one that failed; without a number the newest',
  right: 'view',
  app: 'required',
  appOf: appOfDeploy,
  arguments: [deployArgument],
  examples: ['builds:output 17', 'builds:output blog'],
  async run({ paas, app, words, out }) {
    printKept(paas, findDeploy(paas, app, words[0], 'push'), out)
  },
} satisfies Command
