import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Write a database to stdout as SQL that mysql:import and mysql read',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:export blog > blog.sql'],
  async run(call) {
    const { paas, session, words, signal } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, into a file: mysql:export ${service.name} > ${service.name}.sql`,
      })
    await paas.provisioning.kind(service.kind).export(service, session.stdout, signal)
  },
} satisfies Command
