import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'

export default {
  summary: 'Set which branch deploys',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'deploy-branch', audit: 'whole', required: true, looks: (word) => word === 'deploy-branch' },
    { name: 'BRANCH', audit: 'whole', required: true },
  ],
  examples: ['git:set blog deploy-branch production'],
  async run({ paas, app, words, out, planned }) {
    const [property = '', branch = ''] = words
    if (property !== 'deploy-branch')
      throw new UsageError(`git:set does not know "${property.slice(0, 40)}"`, {
        next: 'git:set deploy-branch NAME',
      })
    if (!isBranchName(branch))
      throw new UsageError(`"${branch.slice(0, 60)}" cannot be a branch`, {
        next: 'For instance: git:set deploy-branch main',
      })
    planned(() => [changeLine('deploy-branch', app.deployBranch, branch)])
    paas.store.apps.setDeployBranch(app.id, branch)
    out.result({ app: app.name, deployBranch: branch }, () =>
      out.step(`Pushes to ${branch} deploy from now on: git push paas ${branch}`),
    )
  },
} satisfies Command

/** As `git check-ref-format --branch` has it. */
function isBranchName(name: string): boolean {
  return (
    name.length <= 200 &&
    /^[^\s\x00-\x20\x7f~^:?*[\\-][^\x00-\x20\x7f~^:?*[\\]*$/.test(name) &&
    !/\.\.|@\{|\/\/|\/$|\.$|^\/|\/\.|^\.|\.lock(\/|$)/.test(name) &&
    name !== '@'
  )
}
