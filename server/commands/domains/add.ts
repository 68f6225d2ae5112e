import type { Command } from '../../command.ts'
import { addDomains, changeDomains, claimableDomain } from '../../domain-change.ts'

export default {
  summary: 'Let an app answer to more domains',
  right: 'develop',
  app: 'required',
  arguments: [
    { name: 'DOMAIN', audit: 'whole', required: true, repeats: true, looks: (word) => word.includes('.') },
  ],
  examples: ['domains:add blog www.example.com'],
  async run(call) {
    const hosts = call.words.map((word) => claimableDomain(call, word))
    await changeDomains(call, () => addDomains(call, hosts), `Added ${hosts.join(', ')}`)
  },
} satisfies Command
