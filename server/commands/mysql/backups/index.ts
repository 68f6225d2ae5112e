import type { Command } from '../../../command.ts'
import { sizeText } from '../../../command-line/size.ts'
import { ownedService } from '../../../services/access.ts'
import { Backups } from '../../../services/backups.ts'

export default {
  summary: 'List the backups of a database, the newest first',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:backups blog'],
  async run(call) {
    const { paas, words, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const backups = await new Backups(paas.settings.home, service).list()
    out.result(backups, () => {
      out.heading(`${service.name} backups`)
      out.table(
        ['Backup (UTC)', 'Size'],
        backups.map(({ id, bytes }) => [id, sizeText(bytes)]),
      )
    })
  },
} satisfies Command
