import { pipeline } from 'node:stream/promises'
import type { Command } from '../../../command.ts'
import { UsageError } from '../../../errors.ts'
import { ownedService } from '../../../services/access.ts'
import { Backups } from '../../../services/backups.ts'

export default {
  summary: 'Write a backup to stdout as compressed SQL: the newest, or the one that is named',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [
    { name: 'NAME', audit: 'whole', required: true },
    { name: 'BACKUP', audit: 'whole' },
  ],
  examples: [
    'mysql:backups:download blog > blog.sql.gz',
    'mysql:backups:download blog 20260801-100000-123 > blog.sql.gz',
  ],
  async run(call) {
    const { paas, session, words, signal } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, into a file: mysql:backups:download ${service.name} > ${service.name}.sql.gz`,
      })
    const backups = new Backups(paas.settings.home, service)
    const backup = await backups.find(words[1])
    await pipeline(backups.read(backup), session.stdout, { end: false, signal })
  },
} satisfies Command
