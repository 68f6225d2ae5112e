import type { Command } from '../../command.ts'
import { clearShare, shareFlags } from '../../resource-change.ts'

export default {
  summary: 'Go back to the limits by rule (1 CPU, 512 MB), of one process type or of all',
  right: 'develop',
  app: 'required',
  flags: { 'process-type': shareFlags['process-type'] },
  examples: ['resource:limit-clear blog', 'resource:limit-clear blog --process-type web'],
  async run(call) {
    await clearShare(call, 'limit')
  },
} satisfies Command
