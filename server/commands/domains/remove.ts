import type { Command } from '../../command.ts'
import { changeDomains, planDomains } from '../../domain-change.ts'
import { UserError } from '../../errors.ts'
import { appHosts } from '../../routing.ts'
import { parseAppDomain } from '../../state/domains.ts'

export default {
  summary: 'Take domains from an app',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'DOMAIN', audit: 'whole', required: true, repeats: true, looks: (word) => word.includes('.') },
  ],
  examples: ['domains:remove blog www.example.com'],
  async run(call) {
    const { paas, app, words } = call
    const hosts = words.map(parseAppDomain)
    const now = appHosts(paas, app)
    const missing = hosts.find((host) => !now.includes(host))
    if (missing)
      throw new UserError(`${app.name} does not have the domain ${missing}`, {
        next: `Its domains: domains ${app.name}`,
      })
    planDomains(
      call,
      now.filter((host) => !hosts.includes(host)),
    )
    await changeDomains(
      call,
      () => {
        const { domains, apps } = paas.store
        domains.clear(app.id)
        apps.setDomainsSet(app.id, true)
        for (const host of now) if (!hosts.includes(host)) domains.add(app.id, host)
      },
      `Removed ${hosts.join(', ')}`,
    )
  },
} satisfies Command
