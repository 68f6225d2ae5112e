import type { Command } from '../../command.ts'
import { ownedService } from '../../services/access.ts'

export default {
  summary: 'Close a database to clients outside of the server; their connections end',
  right: 'admin',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:unexpose blog'],
  async run(call) {
    const { paas, words, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const { source } = paas.provisioning.exposureOf(service)
    call.planned(() => [`database ${service.name}: closed to clients from ${source}`])
    await paas.provisioning.unexpose(service)
    out.result({ name: service.name }, () => out.step(`${service.name} is closed to the outside`))
  },
} satisfies Command
