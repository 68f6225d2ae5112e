import type { Command } from '../../command.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Tell by the exit code whether a database exists: 0 or 1',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['mysql:exists blog'],
  async run(call) {
    const service = ownedService(call, 'mysql', call.words[0] ?? '')
    call.out.result({ name: service.name, exists: true }, () => call.out.step(`${service.name} exists`))
  },
} satisfies Command
