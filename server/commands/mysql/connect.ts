import type { Command } from '../../command.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Type SQL, or send it: each statement ends with ;',
  right: 'anyone',
  app: 'none',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['mysql:connect blog', 'mysql:connect blog < query.sql'],
  async run(call) {
    const { paas, words, stdin, signal } = call
    const { stdout, stderr, terminal } = call.session
    const service = ownedService(call, 'mysql', words[0] ?? '')
    return paas.provisioning.kind(service.kind).connect(service, {
      stdin,
      stdout,
      stderr,
      terminal: terminal !== undefined,
      signal,
    })
  },
} satisfies Command
