import { mayUse } from '../../access.ts'
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
    const withWebhooks = mayUse(paas.store, user, 'own', app)
    if (!withWebhooks && paas.store.webhooks.of(app.id).length > 0)
      out.trouble(`Without the webhooks of ${app.name}: their addresses are for its admins`)
    if (paas.store.certificates.of(app.id) !== undefined)
      out.trouble(`Without the certificate of ${app.name}: there, letsencrypt:enable or certs:add`)
    await exportApp(paas, app, {
      output: session.stdout,
      withWebhooks,
      who: user.name,
      say: (line) => out.trouble(line),
      signal,
    })
  },
} satisfies Command
