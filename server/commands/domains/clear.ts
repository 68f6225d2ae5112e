import type { Command } from '../../command.ts'
import { changeDomains, planDomains } from '../../domain-change.ts'

export default {
  summary: 'Go back to the one domain by the name of the app',
  right: 'develop',
  plans: true,
  app: 'required',
  examples: ['domains:clear blog'],
  async run(call) {
    const { paas, app } = call
    planDomains(call, [`${app.name}.${paas.settings.domain}`])
    await changeDomains(
      call,
      () => {
        paas.store.domains.clear(app.id)
        paas.store.apps.setDomainsSet(app.id, false)
      },
      `Cleared the domains of ${app.name}`,
    )
  },
} satisfies Command
