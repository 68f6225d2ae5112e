import type { Command } from '../../command.ts'
import { addDomains, changeDomains, claimableDomain, planDomains } from '../../domain-change.ts'

export default {
  summary: 'Make these the only domains of an app',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'DOMAIN', audit: 'whole', required: true, repeats: true, looks: (word) => word.includes('.') },
  ],
  examples: ['domains:set blog example.com www.example.com'],
  async run(call) {
    const { paas, app, words } = call
    const hosts = [...new Set(words.map((word) => claimableDomain(call, word)))]
    planDomains(call, hosts)
    await changeDomains(
      call,
      () => {
        paas.store.domains.clear(app.id)
        paas.store.apps.setDomainsSet(app.id, true)
        addDomains(call, hosts)
      },
      `Set the domains of ${app.name}`,
    )
  },
} satisfies Command
