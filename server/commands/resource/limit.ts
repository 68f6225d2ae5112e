import type { Command } from '../../command.ts'
import { changeShare, shareFlags } from '../../resource-change.ts'

export default {
  summary: 'Set how much CPU and memory each container of a process type may use',
  right: 'develop',
  app: 'required',
  flags: shareFlags,
  examples: [
    'resource:limit blog --memory 1g --process-type web',
    'resource:limit blog --cpu 0.5 --memory 256',
  ],
  async run(call) {
    await changeShare(call, 'limit')
  },
} satisfies Command
