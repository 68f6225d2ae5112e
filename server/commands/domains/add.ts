import type { Command } from '../../command.ts'
import { addDomains, changeDomains, claimableDomain, planDomains } from '../../domain-change.ts'
import { appHosts } from '../../routing.ts'

export default {
  summary: 'Let an app answer to more domains, or to a path of one: example.com/api',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'DOMAIN', audit: 'whole', required: true, repeats: true, looks: (word) => word.includes('.') },
  ],
  examples: ['domains:add blog www.example.com', 'domains:add api www.example.com/api'],
  async run(call) {
    const hosts = call.words.map((word) => claimableDomain(call, word))
    planDomains(call, [...appHosts(call.paas, call.app), ...hosts])
    await changeDomains(call, () => addDomains(call, hosts), `Added ${hosts.join(', ')}`)
  },
} satisfies Command
