import type { Command } from '../../command.ts'
import { rebuild } from '../../deploy/push.ts'

export default {
  summary: 'Build the deployed commit again and release it',
  right: 'develop',
  app: 'required',
  aliases: ['deploysite'],
  examples: ['ps:rebuild blog'],
  async run({ paas, job }) {
    await rebuild(paas, job)
  },
} satisfies Command
