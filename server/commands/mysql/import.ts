import type { Command } from '../../command.ts'
import { assertRoom } from '../../disk/assert-room.ts'
import { UsageError } from '../../errors.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Run the SQL on stdin in a database: what mysql:export or mysqldump wrote',
  right: 'anyone',
  app: 'none',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['mysql:import blog < blog.sql'],
  async run(call) {
    const { paas, session, words, out, signal } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, from a file: mysql:import ${service.name} < ${service.name}.sql`,
      })
    await assertRoom(paas)
    await paas.provisioning.kind(service.kind).import(service, call.stdin, signal)
    out.result({ imported: service.name }, () => out.step(`Imported into ${service.name}`))
  },
} satisfies Command
