import { exportApp } from '../../backup/export-app.ts'
import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'

export default {
  summary:
    'Write an app with its repository, image, volumes, databases and config to stdout, for apps:import',
  right: 'develop',
  reads: true,
  app: 'required',
  examples: ['apps:export blog > blog.tar'],
  async run({ paas, app, session, user, out, signal }) {
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, into a file: ssh paas apps:export ${app.name} > ${app.name}.tar`,
      })
    await exportApp(paas, app, {
      output: session.stdout,
      who: user.name,
      say: (line) => out.trouble(line),
      signal,
    })
  },
} satisfies Command
