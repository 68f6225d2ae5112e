import type { Command } from '../../command.ts'
import { rebuild } from '../../deploy/push.ts'

export default {
  summary: 'Build the deployed commit again and release it',
  right: 'develop',
  app: 'required',
  all: 'deployed',
  aliases: ['deploysite'],
  examples: ['ps:rebuild blog'],
  async run({ paas, app, out, job }) {
    await rebuild(paas, job)
    const now = paas.store.apps.byId(app.id)
    out.result({ app: now.name, release: `v${now.release}` }, () => {})
  },
} satisfies Command
