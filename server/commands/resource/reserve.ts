import type { Command } from '../../command.ts'
import { changeShare, shareFlags } from '../../resource-change.ts'

export default {
  summary: 'Set what each container of a process type keeps where the machine is short of CPU or memory',
  right: 'develop',
  app: 'required',
  flags: shareFlags,
  examples: ['resource:reserve blog --memory 256m --process-type web'],
  async run(call) {
    await changeShare(call, 'reserve')
  },
} satisfies Command
