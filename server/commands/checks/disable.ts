import { setCheckMode } from '../../checks/set-mode.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'Run no checks of a process type, or of all: it is live as soon as it runs',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE', audit: 'whole', repeats: true }],
  examples: ['checks:disable blog', 'checks:disable blog worker'],
  async run(call) {
    setCheckMode(call, 'disabled')
  },
} satisfies Command
