import { setCheckMode } from '../../checks/set-mode.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'Let deploys not wait for the checks of a process type, or of all',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE', audit: 'whole', repeats: true }],
  examples: ['checks:skip blog', 'checks:skip blog worker'],
  async run(call) {
    setCheckMode(call, 'skipped')
  },
} satisfies Command
