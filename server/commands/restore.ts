import { restoreServer } from '../backup/restore-server.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'

export default {
  summary: 'Make of a server without apps the one whose backup is on stdin',
  right: 'admin',
  keyOnly: true,
  app: 'none',
  plans: true,
  examples: ['restore < server.tar'],
  async run({ paas, session, stdin, out, signal, planned }) {
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: 'Without -t, from a file: ssh paas restore < server.tar',
      })
    planned(() => ['server: all that it has, by what the backup on stdin has'])
    const restored = await restoreServer(paas, { input: stdin, signal })
    out.result({ restored: restored.at, apps: restored.apps, databases: restored.databases }, () => {
      out.step(`Restored ${restored.apps} apps and ${restored.databases} databases as of ${restored.at}`)
      out.detail('The server starts anew with them, and lets in whoever had a key there: ssh paas ps --all')
    })
  },
} satisfies Command
