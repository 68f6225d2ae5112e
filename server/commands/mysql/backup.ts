import type { Command } from '../../command.ts'
import { sizeText } from '../../command-line/size.ts'
import { ownedService } from '../../services/access.ts'
import { backUp } from '../../services/back-up.ts'

export default {
  summary: 'Keep what a database has now on the server, once it was read back in a test',
  right: 'anyone',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:backup blog'],
  async run(call) {
    const { paas, words, out, signal } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    call.planned(() => [`backups of ${service.name}: + one of now`])
    const backup = await backUp(paas, service, signal)
    out.result({ name: service.name, ...backup }, () => {
      out.step(`Backup ${backup.id} of ${service.name}: ${sizeText(backup.bytes)}, read back in a test`)
      out.detail(`To go back to it: mysql:backups:restore ${service.name} ${backup.id}`)
    })
  },
} satisfies Command
