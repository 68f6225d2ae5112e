import { setCheckMode } from '../../checks/set-mode.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'Run the checks of a process type, or of all, before a swap and afterwards',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE', audit: 'whole', repeats: true }],
  examples: ['checks:enable blog', 'checks:enable blog worker'],
  async run(call) {
    setCheckMode(call, 'enabled')
  },
} satisfies Command
