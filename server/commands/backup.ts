import { writeBackup } from '../backup/write-backup.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'

export default {
  summary: 'Write the whole server to stdout, while it runs, as an archive that restore takes',
  right: 'admin',
  app: 'none',
  reads: true,
  flags: {
    'with-keys': {
      summary: 'With the master key and the host key: whoever has such a backup reads every secret',
    },
    'no-logs': { summary: 'Without what apps have written, which is up to 30 MB of each' },
  },
  examples: ['backup > server.tar', 'backup --with-keys > server.tar', 'backup --no-logs > server.tar'],
  async run({ paas, session, user, flags, out, signal }) {
    const withKeys = flags.has('with-keys')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: 'Without -t, into a file: ssh paas backup > server.tar',
      })
    const message = `${user.name} takes a backup of the whole server${withKeys ? ', with its keys' : ''}`
    paas.events.record({ type: 'backup-begun', who: user.name, message })
    await writeBackup(paas, {
      output: session.stdout,
      withKeys,
      withLogs: !flags.has('no-logs'),
      who: user.name,
      say: (line) => out.trouble(line),
      signal,
    })
  },
} satisfies Command
