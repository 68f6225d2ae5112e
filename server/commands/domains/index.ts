import type { Command } from '../../command.ts'
import { appHosts } from '../../routing.ts'

export default {
  summary: 'List the domains of an app',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['domains:report', 'domains:list'],
  examples: ['domains blog'],
  async run({ paas, app, out }) {
    const hosts = appHosts(paas, app)
    out.result({ app: app.name, domains: hosts }, () => {
      out.heading(`${app.name} domains`)
      for (const host of hosts) out.line(host)
    })
  },
} satisfies Command
