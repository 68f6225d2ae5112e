import type { Command } from '../../command.ts'
import { linkedApps, visibleServices } from '../../services/access.ts'

export default {
  summary: 'List your databases',
  right: 'anyone',
  reads: true,
  app: 'none',
  aliases: ['mysql:list'],
  examples: ['mysql:list', 'mysql:list --json'],
  async run(call) {
    const services = visibleServices(call, 'mysql').map((service) => ({
      name: service.name,
      created: service.createdAt,
      apps: linkedApps(call, service),
    }))
    call.out.result(services, () => {
      call.out.heading('My MySQL databases')
      call.out.table(
        ['Name', 'Linked to'],
        services.map((service) => [service.name, service.apps.join(' ')]),
      )
    })
  },
} satisfies Command
