import type { Command } from '../../command.ts'
import { clearShare, shareFlags } from '../../resource-change.ts'

export default {
  summary: 'Forget what was reserved, for one process type or for all',
  right: 'develop',
  app: 'required',
  flags: { 'process-type': shareFlags['process-type'] },
  examples: ['resource:reserve-clear blog', 'resource:reserve-clear blog --process-type web'],
  async run(call) {
    await clearShare(call, 'reserve')
  },
} satisfies Command
