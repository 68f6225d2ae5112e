import type { Command } from '../../command.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Type SQL, or send it: each statement ends with ;',
  right: 'anyone',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:connect blog', 'mysql:connect blog < query.sql'],
  async run(call) {
    const { paas, words, stdin, signal } = call
    const { stdout, stderr, terminal } = call.session
    const service = ownedService(call, 'mysql', words[0] ?? '')
    call.planned(() => [`database ${service.name}: what you type there`])
    return paas.provisioning.kind(service.kind).connect(service, {
      stdin,
      stdout,
      stderr,
      terminal: terminal !== undefined,
      signal,
    })
  },
} satisfies Command
