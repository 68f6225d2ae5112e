import type { Command } from '../../command.ts'
import { changeDomains, claimableDomain } from '../../domain-change.ts'

export default {
  summary: 'Let an app answer to more domains',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'DOMAIN', required: true, repeats: true, looks: (word) => word.includes('.') }],
  examples: ['domains:add blog www.example.com'],
  async run(call) {
    const { paas, app, words } = call
    const hosts = words.map((word) => claimableDomain(call, word))
    await changeDomains(
      call,
      () => {
        for (const host of hosts)
          if (paas.store.domains.ownerOf(host) !== app.id) paas.store.domains.add(app.id, host)
      },
      `Added ${hosts.join(', ')}`,
    )
  },
} satisfies Command
