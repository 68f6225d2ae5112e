import type { Command } from '../../command.ts'
import { confirmName } from '../../confirm.ts'
import { UserError } from '../../errors.ts'
import { linkedApps, ownedService } from '../../services/access.ts'

export default {
  summary: 'Destroy a database with all that is in it',
  right: 'anyone',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { confirm: { value: 'NAME', summary: 'The name of the database, instead of being asked' } },
  examples: ['mysql:destroy blog', 'mysql:destroy blog --confirm blog'],
  async run(call) {
    const { paas, words, flags, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const apps = linkedApps(call, service)
    if (apps.length > 0 && !flags.has('force')) {
      throw new UserError(`${service.name} is linked to ${apps.join(', ')}`, {
        next: `Unlink it first: mysql:unlink ${service.name} APP, or destroy it all the same: --force`,
      })
    }
    call.planned(() => [`database: - ${service.name}, with all that is in it`])
    await confirmName(call, service.name, `This destroys the database ${service.name} and all that is in it.`)
    await paas.provisioning.destroy(service)
    out.result({ destroyed: service.name }, () => out.step(`Destroyed ${service.name}`))
  },
} satisfies Command
