import type { Command } from '../../command.ts'
import { rebuild } from '../../deploy/push.ts'
import { nextReleaseLine } from '../../plan.ts'

export default {
  summary: 'Build the deployed commit again and release it',
  right: 'develop',
  plans: true,
  app: 'required',
  all: 'deployed',
  aliases: ['deploysite'],
  examples: ['ps:rebuild blog'],
  async run({ paas, app, out, job, planned }) {
    const branch = app.deployBranch ?? 'main'
    planned(() => [
      `build: ${branch} of ${app.name} again, as it stands in its repository`,
      nextReleaseLine(paas, app),
    ])
    await rebuild(paas, job)
    const now = paas.store.apps.byId(app.id)
    out.result({ app: now.name, release: `v${now.release}` }, () => {})
  },
} satisfies Command
