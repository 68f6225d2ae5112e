import { visibleApps } from '../../access.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'List your apps',
  right: 'anyone',
  reads: true,
  app: 'none',
  aliases: ['apps:list', 'listsites'],
  examples: ['apps', 'apps --json'],
  async run({ paas, user, out }) {
    const apps = visibleApps(paas.store, user).map((app) => ({
      name: app.name,
      release: app.release === null ? null : `v${app.release}`,
      status: app.release === null ? 'not deployed' : app.stopped ? 'stopped' : 'running',
    }))
    out.result(apps, () => {
      out.heading('My apps')
      for (const app of apps) out.line(app.name)
    })
  },
} satisfies Command
