import type { Command } from '../../../command.ts'
import { confirmName } from '../../../confirm.ts'
import { ownedService } from '../../../services/access.ts'
import { Backups } from '../../../services/backups.ts'
import { restoreBackup } from '../../../services/restore-backup.ts'

export default {
  summary: 'Put a backup in the place of what a database has: the newest, or the one that is named',
  right: 'anyone',
  plans: true,
  app: 'none',
  arguments: [
    { name: 'NAME', audit: 'whole', required: true },
    { name: 'BACKUP', audit: 'whole' },
  ],
  flags: { confirm: { value: 'NAME', summary: 'The name of the database, instead of being asked' } },
  examples: [
    'mysql:backups:restore blog --confirm blog',
    'mysql:backups:restore blog 20260801-100000-123 --confirm blog',
  ],
  async run(call) {
    const { paas, words, out, signal } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const backup = await new Backups(paas.settings.home, service).find(words[1])
    call.planned(() => [
      `database ${service.name}: as in the backup ${backup.id}; a backup of now is made before`,
    ])
    await confirmName(
      call,
      service.name,
      `This puts the backup ${backup.id} in the place of all that ${service.name} has.`,
    )
    const before = await restoreBackup(paas, service, backup, signal)
    out.result({ name: service.name, restored: backup.id, before: before.id }, () => {
      out.step(`${service.name} is as it was in the backup ${backup.id}`)
      out.detail(`To take that back: mysql:backups:restore ${service.name} ${before.id}`)
    })
  },
} satisfies Command
